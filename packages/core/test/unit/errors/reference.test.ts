import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MIRRORS_VARIABLE, SETTINGS } from '../../../src/config/settings.js';
import { errorRegistry } from '../../../src/errors/registry.js';

const root = join(import.meta.dirname, '../../../../..');

describe('the error reference', () => {
  it('has exactly the codes of the registry, with their meaning and exit status', async () => {
    await promisify(execFile)(process.execPath, [join(root, 'scripts/error-reference.mjs'), '--check']);
  });

  it('lists codes in order', () => {
    const codes = Object.keys(errorRegistry);
    expect(codes).toEqual(codes.toSorted());
  });

  it('has every code that a package throws, and no code that nothing throws', async () => {
    const packages = join(root, 'packages');
    const files = (await readdir(packages, { recursive: true })).filter(
      (file) => /^[^/]+\/src\/.*\.ts$/.test(file) && !file.endsWith('errors/registry.ts'),
    );
    const text = (await Promise.all(files.map((file) => readFile(join(packages, file), 'utf8')))).join('\n');
    const settings = [...Object.values(SETTINGS).map(({ variable }) => variable), MIRRORS_VARIABLE];
    const environment =
      /^VMCTL_(CACHE_DIR|CONFIG_DIR|NOOP_SSH|NPM_REGISTRY|QEMU|QEMU_ACCEL|QEMU_CACHE|QEMU_SANDBOX|BRIDGE_HELPER)$/;
    // A plugin may document codes of its own, and then tests them itself.
    const isOfPlugin = (word: string) => word.startsWith('VMCTL_PROPOLIS_');
    // What ends with a line is the beginning of several codes.
    const isCode = (word: string) =>
      !environment.test(word) && !settings.includes(word) && !isOfPlugin(word) && !word.endsWith('_');
    const quoted = text.match(/(?<=['`])VMCTL_[A-Z0-9_]+(?=['`])/g) ?? [];
    const used = new Set(quoted.filter(isCode));
    const codes: readonly string[] = Object.keys(errorRegistry);
    expect([...used].filter((code) => !codes.includes(code))).toEqual([]);
    // Some are put together from parts, and named whole where they are documented.
    expect(codes.filter((code) => !text.includes(code))).toEqual([]);
  });
});
