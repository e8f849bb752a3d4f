import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

it('@vmctl/core/testing loads no test runner, and of all packages only tapable', async () => {
  const script = `
    import { registerHooks } from 'node:module';
    const packages = new Set();
    registerHooks({
      resolve(specifier, context, next) {
        const found = next(specifier, context);
        const name = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(found.url)?.[1];
        if (name !== undefined) packages.add(name);
        return found;
      },
    });
    await import(process.argv[1]);
    console.log([...packages].sort().join(' '));
  `;
  const loader = new URL('../../support/typescript-loader.js', import.meta.url).href;
  const testing = new URL('../../../src/testing.ts', import.meta.url).href;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--no-warnings',
    '--import',
    loader,
    '--input-type=module',
    '--eval',
    script,
    testing,
  ]);
  expect(stdout.trim()).toBe('tapable');
});
