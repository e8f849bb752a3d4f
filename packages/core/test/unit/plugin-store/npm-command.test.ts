import { describe, expect, it } from '@jest/globals';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { VmctlError } from '../../../src/errors/vmctl-error.js';
import type { Exec, ExecOptions } from '../../../src/host/exec.js';
import { runNpm } from '../../../src/plugin-store/npm-command.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const { signal } = new AbortController();

/** Runs npm as far as the command line that would be executed. */
async function commandOf(env: Readonly<Record<string, string>> = {}, cwd = '/store') {
  const calls: { file: string; args: readonly string[]; options: ExecOptions | undefined }[] = [];
  const exec: Exec = async (file, args, options) => {
    calls.push({ file, args, options });
    return { exitCode: 0, stdout: '{}', stderr: '' };
  };
  await runNpm(['view', 'x'], { cwd, exec, env, signal });
  expect(calls).toHaveLength(1);
  return calls[0];
}

describe('npm', () => {
  it('is the one that comes with vmctl, run by the same Node.js', async () => {
    const call = await commandOf();
    expect(call?.file).toBe(process.execPath);
    expect(call?.args.slice(0, 3)).toEqual([expect.stringMatching(/npm-cli\.js$/), 'view', 'x']);
  });

  it('works on its directory, whatever the settings of the user say, and prints nothing but JSON', async () => {
    const call = await commandOf();
    expect(call?.args).toEqual(
      expect.arrayContaining([
        '--prefix=/store',
        '--no-global',
        '--no-dry-run',
        '--json',
        '--loglevel=error',
      ]),
    );
    expect(call?.options).toMatchObject({ cwd: '/store', signal, allowFailure: true });
  });

  it('works on the directory itself where it is told of a link to it: what is in it would be outside of it', async () => {
    const link = join(directory.path, 'link');
    await symlink('/usr', link);
    const call = await commandOf({}, link);
    expect(call?.args).toContain('--prefix=/usr');
    expect(call?.options).toMatchObject({ cwd: '/usr' });
  });

  it('is given a registry only by VMCTL_NPM_REGISTRY', async () => {
    expect((await commandOf())?.args.join(' ')).not.toContain('--registry');
    expect((await commandOf({ VMCTL_NPM_REGISTRY: '' }))?.args.join(' ')).not.toContain('--registry');
    expect((await commandOf({ VMCTL_NPM_REGISTRY: 'http://r/' }))?.args).toContain('--registry=http://r/');
  });

  it('lets git fail instead of asking for a password, if not told otherwise', async () => {
    expect((await commandOf())?.options?.env).toMatchObject({ GIT_TERMINAL_PROMPT: '0' });
    expect((await commandOf({ GIT_TERMINAL_PROMPT: '1' }))?.options?.env).toMatchObject({
      GIT_TERMINAL_PROMPT: '1',
    });
  });

  it('that is missing is said to be missing', async () => {
    const exec: Exec = async () => {
      throw new VmctlError('VMCTL_HOST_COMMAND_MISSING', { message: 'no npm' });
    };
    await expect(runNpm(['view'], { cwd: '/', exec, env: {}, signal })).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_NPM_MISSING',
    });
  });

  it('that fails is an error with its reason', async () => {
    const stdout = JSON.stringify({ error: { code: 'E404', summary: 'Not Found', detail: '' } });
    const exec: Exec = async () => ({ exitCode: 1, stdout, stderr: '' });
    await expect(runNpm(['view'], { cwd: '/', exec, env: {}, signal })).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_NOT_FOUND',
    });
  });
});
