import { describe, expect, it } from '@jest/globals';
import { npmFailure } from '../../../src/plugin-store/npm-failure.js';

const failed = (code: string | number, summary: string, detail = '') =>
  npmFailure({
    exitCode: 1,
    stdout: JSON.stringify({ error: { code, summary, detail } }),
    stderr: 'npm error …\n',
    cwd: '/home/u/plugins',
  });

describe('a failure of npm', () => {
  it.each([
    ['E404', 'VMCTL_PLUGIN_NOT_FOUND'],
    ['ETARGET', 'VMCTL_PLUGIN_NOT_FOUND'],
    ['EINVALIDPACKAGENAME', 'VMCTL_PLUGIN_NOT_FOUND'],
    ['E401', 'VMCTL_PLUGIN_ACCESS_DENIED'],
    ['E403', 'VMCTL_PLUGIN_ACCESS_DENIED'],
    ['ENEEDAUTH', 'VMCTL_PLUGIN_ACCESS_DENIED'],
    ['ECONNREFUSED', 'VMCTL_PLUGIN_REGISTRY_UNREACHABLE'],
    ['EAI_AGAIN', 'VMCTL_PLUGIN_REGISTRY_UNREACHABLE'],
    ['E503', 'VMCTL_PLUGIN_REGISTRY_UNREACHABLE'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'VMCTL_PLUGIN_REGISTRY_UNREACHABLE'],
    ['ENOTCACHED', 'VMCTL_PLUGIN_REGISTRY_UNREACHABLE'],
    ['EINTEGRITY', 'VMCTL_PLUGIN_INTEGRITY'],
    ['TAR_BAD_ARCHIVE', 'VMCTL_PLUGIN_INTEGRITY'],
    ['ENOSPC', 'VMCTL_DISK_FULL'],
    ['EACCES', 'VMCTL_NOT_WRITABLE'],
    ['ERESOLVE', 'VMCTL_PLUGIN_NPM_FAILED'],
    [128, 'VMCTL_PLUGIN_NPM_FAILED'],
  ] as const)('with code %s is %s, and says what npm said', (code, ours) => {
    const error = failed(code, 'what happened');
    expect(error.code).toBe(ours);
    expect(JSON.stringify(error.details)).toContain('what happened');
  });

  it('names the package and the range when no version fits, and how to see which there are', () => {
    const error = failed('ETARGET', 'No matching version found for @acme/nix@^9.');
    expect(error.message).toBe('No version of the package fits @acme/nix@^9.');
    expect(error.hint).toBe('See which versions there are: npm view @acme/nix versions');
  });

  it('without a code shows all that npm said', () => {
    expect(failed('', 'postinstall failed', 'exit 7').message).toBe('npm failed: postinstall failed\nexit 7');
  });

  it('because of git says what git said, and how to try it', () => {
    const error = failed(128, 'git ls-remote failed', 'fatal: not a repository');
    expect(error.message).toBe('git failed: git ls-remote failed\nfatal: not a repository');
    expect(error.hint).toContain('git ls-remote');
  });

  it('without JSON shows the end of its stderr, without the path of its log', () => {
    const error = npmFailure({
      exitCode: 7,
      stdout: '',
      stderr:
        'npm error Exit handler never called!\nnpm error A complete log of this run can be found in: /x\n',
      cwd: '/',
    });
    expect(error.code).toBe('VMCTL_PLUGIN_NPM_FAILED');
    expect(error.message).toBe('npm failed: Exit handler never called!');
  });
});
