import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../support/vmctl-home.js';

/** Makes the process pass for a Node.js that is too old: its version, and a `node:module` with less in it. */
const OLD_NODE = `
import { registerHooks } from 'node:module';
Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } });
const oldModule = 'data:text/javascript,export default {}; export const createRequire = undefined';
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'node:module' ? { url: oldModule, shortCircuit: true } : next(specifier, context),
});
`;

it('an old Node.js is told which one is needed', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(OLD_NODE)}`,
      join(repositoryRoot, 'packages/core/bin/run.js'),
      'list',
    ],
    { encoding: 'utf8' },
  );
  expect({ status, stderr }).toEqual({
    status: 3,
    stderr: expect.stringMatching(/^vmctl needs Node\.js 22\.22 or newer; this is v/),
  });
});
