import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { useTemporaryDirectory } from '../../../core/test/support/temporary-directory.js';
import type { ShellConfig } from '../../src/shell-config.js';
import { guestScriptPath } from '../../src/guest-script.js';
import { shell } from '../../src/shell.js';
import { createContext, type TestContext } from '../support/provision-context.js';

const inline = (text: string, more: Partial<ShellConfig> = {}): ShellConfig => ({
  source: { kind: 'inline', text },
  args: [],
  env: {},
  ...more,
});

describe('commands of a shell step', () => {
  it('go to the guest as they are, with the name of the step, arguments and environment', async () => {
    const ctx = createContext();
    const config = inline("echo 'a  b' | wc\nls", { args: ['x y'], env: { KEY: 'v' } });
    expect(await shell.run(config, ctx)).toEqual({ exitCode: 0 });
    expect(ctx.guest.calls).toMatchObject([
      {
        method: 'exec',
        command: ['sh', '-c', expect.any(String), 'sh', "echo 'a  b' | wc\nls", 'packages', 'x y'],
        env: { KEY: 'v' },
        stdin: new Uint8Array(),
      },
    ]);
  });

  it('show their output as it comes', async () => {
    const ctx = createContext();
    ctx.guest.on('uptime', async (_, { stdout, stderr }) => {
      await stdout('load ');
      await stderr('oh');
      await stdout('average');
    });
    await shell.run(inline('uptime'), ctx);
    expect(ctx.said).toEqual({ stdout: 'load average', stderr: 'oh' });
  });

  it.each<[string, number, string, string | undefined]>([
    ['false', 1, 'false', undefined],
    ['nginxx', 127, 'nginxx', 'A command was not found in the guest; its name is in the output.'],
    ['  first\nsecond\n', 2, 'first …', undefined],
    ['x'.repeat(300), 3, `${'x'.repeat(200)} …`, undefined],
  ])('fail with command and exit code: %#', async (text, exitCode, command, hint) => {
    const ctx = createContext();
    ctx.guest.on(() => true, { exitCode });
    await expect(shell.run(inline(text), ctx)).rejects.toMatchObject({
      code: 'VMCTL_SHELL_FAILED',
      message: `the command ended with exit code ${exitCode}.`,
      hint,
      details: { command, exitCode, signal: null },
    });
  });

  it('fail with the signal that ended them', async () => {
    const ctx = createContext();
    ctx.guest.on('sleep', { signal: 'KILL' });
    await expect(shell.run(inline('sleep 9'), ctx)).rejects.toMatchObject({
      message: 'the command was ended by the signal KILL.',
      details: { exitCode: null, signal: 'KILL' },
    });
  });

  it('that end the connection get a hint about reboots', async () => {
    const ctx = createContext();
    ctx.guest.on('reboot', () => ctx.guest.disconnect());
    await expect(shell.run(inline('sudo reboot'), ctx)).rejects.toMatchObject({
      code: 'VMCTL_SHELL_DISCONNECTED',
      message: 'the connection to the guest was lost while the command ran.',
      hint: expect.stringContaining('reboots'),
      details: { command: 'sudo reboot' },
      cause: { code: 'VMCTL_GUEST_DISCONNECTED' },
    });
  });

  it('end with the reason of an abort', async () => {
    const controller = new AbortController();
    const ctx = createContext({ signal: controller.signal });
    ctx.guest.hang('sleep');
    const run = shell.run(inline('sleep 9'), ctx);
    const reason = new Error('Ctrl-C');
    controller.abort(reason);
    await expect(run).rejects.toBe(reason);
  });

  it('depend on no file', async () => {
    expect(await shell.inputs?.(inline('true'), { baseDir: '/project' })).toEqual([]);
  });
});

describe('a script of a shell step', () => {
  const directory = useTemporaryDirectory();
  const REMOTE = '/tmp/vmctl-provision-packages.sh';
  let config: ShellConfig;

  beforeEach(async () => {
    const path = join(directory.path, 'setup.sh');
    await writeFile(path, '#!/bin/sh\necho grüß\n');
    config = { source: { kind: 'script', path }, args: ['--fast', 'a b'], env: { KEY: 'v' } };
  });

  /** What was done, in order: `receive`, `run`, `remove`. */
  function steps(ctx: TestContext): string[] {
    return ctx.guest.calls.map((call) => {
      if (call.method !== 'exec') return call.method;
      return call.command[0] === REMOTE ? 'run' : 'receive';
    });
  }

  it('is put into the guest, run with its arguments and environment, and removed', async () => {
    const ctx = createContext({ baseDir: directory.path });
    expect(await shell.run(config, ctx)).toEqual({ exitCode: 0 });
    expect(steps(ctx)).toEqual(['receive', 'run', 'remove']);
    expect(ctx.guest.calls).toMatchObject([
      {
        command: ['sh', '-c', expect.any(String), 'sh', REMOTE, '22'],
        stdin: Buffer.from('#!/bin/sh\necho grüß\n'),
      },
      { command: [REMOTE, '--fast', 'a b'], env: { KEY: 'v' } },
      { remotePath: REMOTE },
    ]);
  });

  it.each<[number, string | undefined]>([
    [3, undefined],
    [126, 'The script could not be executed: is /tmp of the guest mounted with "noexec"?'],
    [
      127,
      'A command was not found in the guest, or the interpreter that the first line of the script names.',
    ],
  ])('that fails with %d is removed, and named with its arguments', async (exitCode, hint) => {
    const ctx = createContext({ baseDir: directory.path });
    ctx.guest.on(new RegExp(`^${REMOTE}`), { exitCode });
    await expect(shell.run(config, ctx)).rejects.toMatchObject({
      message: `the script ended with exit code ${exitCode}.`,
      hint,
      details: { command: 'setup.sh --fast a b', exitCode },
    });
    expect(steps(ctx)).toEqual(['receive', 'run', 'remove']);
  });

  it('is removed after an abort, which has aborted everything else', async () => {
    const controller = new AbortController();
    const ctx = createContext({ signal: controller.signal, baseDir: directory.path });
    const reason = new Error('Ctrl-C');
    ctx.guest.on(new RegExp(`^${REMOTE}`), (_, { signal }) => {
      controller.abort(reason);
      signal.throwIfAborted();
    });
    await expect(shell.run(config, ctx)).rejects.toBe(reason);
    expect(steps(ctx)).toEqual(['receive', 'run', 'remove']);
    expect(ctx.guest.calls.at(-1)).toMatchObject({ state: 'done' });
  });

  it('that cannot be put into the guest is not run', async () => {
    const ctx = createContext({ baseDir: directory.path });
    ctx.guest.on('set -C', { exitCode: 1, stderr: 'rm: Operation not permitted\n' });
    await expect(shell.run(config, ctx)).rejects.toMatchObject({
      code: 'VMCTL_SHELL_UPLOAD_FAILED',
      message: `the script could not be written to ${REMOTE} in the guest: rm: Operation not permitted`,
      hint: `See what is there: vmctl ssh web -- ls -ld /tmp ${REMOTE}`,
    });
    expect(steps(ctx)).not.toContain('run');
  });

  it('is looked at again before it is used', async () => {
    const ctx = createContext({ baseDir: directory.path });
    await rm(join(directory.path, 'setup.sh'));
    await expect(shell.run(config, ctx)).rejects.toMatchObject({
      code: 'VMCTL_SHELL_SCRIPT_INVALID',
      message: expect.stringContaining('does not exist'),
    });
    expect(ctx.guest.calls).toEqual([]);
  });

  it('fails as it failed, even when it cannot be removed', async () => {
    const ctx = createContext({ baseDir: directory.path });
    ctx.guest.on(new RegExp(`^${REMOTE}`), () => ctx.guest.disconnect());
    await expect(shell.run(config, ctx)).rejects.toMatchObject({ code: 'VMCTL_SHELL_DISCONNECTED' });
  });

  it('is an input of the step', async () => {
    expect(await shell.inputs?.(config, { baseDir: '/project' })).toEqual([
      { kind: 'file', path: join(directory.path, 'setup.sh') },
    ]);
  });

  it.each([
    ['packages', '/tmp/vmctl-provision-packages.sh'],
    ['../../etc/x', '/tmp/vmctl-provision-..-..-etc-x.sh'],
    ["a b'$(reboot)", '/tmp/vmctl-provision-a-b-reboot-.sh'],
    ['größe', '/tmp/vmctl-provision-gr-e.sh'],
    ['x'.repeat(300), `/tmp/vmctl-provision-${'x'.repeat(100)}.sh`],
  ])('has a harmless name in the guest for the step %j', (name, path) => {
    expect(guestScriptPath(name)).toBe(path);
  });
});
