import { describe, expect, it } from '@jest/globals';
import type { Exec } from '../../../src/host/exec.js';
import { createNpmTrees } from '../../../src/project-plugins/npm-tree.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

/** What npm prints with --json when it fails. */
const failing =
  (code: string): Exec =>
  async () => ({
    exitCode: 1,
    stdout: JSON.stringify({ error: { code, summary: 'no luck', detail: '' } }),
    stderr: '',
  });

describe('an npm that fails for a VMFile', () => {
  const directory = useTemporaryDirectory();
  const resolve = (code: string) =>
    createNpmTrees({ exec: failing(code), env: {} }).resolve(
      { name: '@acme/nix', range: '^1' },
      directory.path,
      new AbortController().signal,
    );

  it('does not advise what a VMFile cannot say, when the registry cannot be reached', async () => {
    await expect(resolve('ECONNREFUSED')).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_REGISTRY_UNREACHABLE',
      message: 'The package registry cannot be reached: no luck',
      hint: expect.not.stringContaining('tarball'),
      details: { npm: { code: 'ECONNREFUSED' } },
    });
  });

  it('says anything else as it is said everywhere', async () => {
    await expect(resolve('E404')).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_NOT_FOUND',
      hint: expect.stringContaining('npm login'),
    });
  });
});
