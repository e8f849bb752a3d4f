import { describe, expect, it } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { importsOfCore } from '../../../src/plugin-store/core-imports.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const temporary = useTemporaryDirectory();

/** The message about a plugin of these modules; its entry is `dist/plugin.js`. */
async function messageAbout(modules: Readonly<Record<string, string>>): Promise<string | undefined> {
  const root = temporary.path;
  for (const [path, text] of Object.entries(modules)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const problem = await importsOfCore({ name: 'acme', version: '1.0.0', root, entry: './dist/plugin.js' });
  return problem?.message;
}

describe('an import of core at run time', () => {
  it.each([
    `import { VmctlError } from '@vmctl/core/plugin';`,
    `import {\n  VmctlError,\n} from "@vmctl/core";`,
    `import '@vmctl/core/plugin';`,
    `export * from '@vmctl/core/plugin';`,
  ])('is seen in the entry: %j', async (line) => {
    expect(await messageAbout({ 'dist/plugin.js': `const a = 1;\n${line}\n` })).toMatch(
      /^The plugin acme 1\.0\.0 will not load: dist\/plugin\.js imports @vmctl\/core/,
    );
  });

  it('is seen in a module of the plugin that the entry imports, also where they import each other', async () => {
    const message = await messageAbout({
      'dist/plugin.js': `import { a } from './a.js';\n`,
      'dist/a.js': `import './plugin.js';\nimport { b } from '../lib/b.js';\n`,
      'lib/b.js': `import { VmctlError } from '@vmctl/core/plugin';\n`,
    });
    expect(message).toContain('lib/b.js imports @vmctl/core/plugin');
  });

  it('is not seen in other imports, in comments, and in modules that are not imported', async () => {
    const message = await messageAbout({
      'dist/plugin.js': [
        `import { x } from '@vmctl/core-extras';`,
        `import y from 'y';`,
        `// import { VmctlError } from '@vmctl/core/plugin';`,
        `import './missing.js';`,
      ].join('\n'),
      'dist/test.js': `import '@vmctl/core/testing';\n`,
    });
    expect(message).toBeUndefined();
  });
});
