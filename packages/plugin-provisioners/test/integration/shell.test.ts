import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { GuestSession } from '@vmctl/core/plugin';
import { login } from '../../../core/test/support/guest.js';
import { MemoryWatch } from '../../../core/test/support/memory.js';
import { canMakeUsers, type Sshd, startSshd } from '../../../core/test/support/sshd.js';
import { useTemporaryDirectory } from '../../../core/test/support/temporary-directory.js';
import { until } from '../../../core/test/support/until.js';
import { guestScriptPath } from '../../src/guest-script.js';
import { outputOf, runStep, type RunStepOptions } from '../support/run-step.js';

let sshd: Sshd;
let guest: GuestSession;

beforeAll(async () => {
  sshd = await startSshd();
  guest = await login(sshd);
});

afterAll(async () => {
  await guest.end();
  await sshd.stop();
});

const directory = useTemporaryDirectory();
/** The guest is this machine: a name of its own for each step keeps its script apart from those of others. */
let step = '';
let count = 0;

beforeEach(() => {
  step = `test-${process.pid}-${++count}`;
});

const run = (settings: string, options: Partial<RunStepOptions> = {}): Promise<void> =>
  runStep({ guest, directory: directory.path, name: step, settings, ...options });
const output = (): Promise<string> => outputOf(directory.path);

async function script(...lines: readonly string[]): Promise<void> {
  await writeFile(join(directory.path, 'setup.sh'), `${lines.join('\n')}\n`);
}

/** Whether a process of the machine has this word among its arguments. */
function runs(word: string): boolean {
  return execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(word);
}

describe('commands', () => {
  it('are run by bash, with name, arguments, environment, and no input', async () => {
    await run(
      String.raw`inline "echo \"$0 $1 $KEY ${'$'}{BASH_VERSION:+bash}\"" "cat" "echo \"it's 100%\" >&2"; args "a b"; env { KEY "c 'd'" }`,
    );
    expect(await output()).toBe(`${step} a b c 'd' bash\nit's 100%\n`);
  });

  it('are run by sh where there is no bash', async () => {
    const bin = join(sshd.directory, 'bin-without-bash');
    await mkdir(bin);
    await symlink('/bin/sh', join(bin, 'sh'));
    const small = await startSshd({ environment: { PATH: bin } });
    const session = await login(small);
    try {
      await run(String.raw`inline "echo \"$0 $1 ${'$'}{BASH_VERSION:-sh}\""; args "x"`, { guest: session });
      expect(await output()).toBe(`${step} x sh\n`);
    } finally {
      await session.end();
      await small.stop();
    }
  });

  it('end at the first one that fails', async () => {
    const failed = run('inline "echo one" "false" "echo two"');
    await expect(failed).rejects.toMatchObject({
      code: 'VMCTL_PROVISION_FAILED',
      message: [
        `web: step 1/1 "${step}" (shell) failed: the command ended with exit code 1.`,
        'Command: echo one …',
        'Last output:',
        '  one',
        `Full log: ${join(directory.path, 'provision.log')}`,
      ].join('\n'),
      details: { exitCode: 1 },
    });
    expect(await output()).toBe('one\n');
  });

  it('that begin with a dash are no options', async () => {
    await expect(run('inline "-x"')).rejects.toMatchObject({ details: { exitCode: 127 } });
  });

  it('may leave a program behind that does not hold their output', async () => {
    const seconds = String(300_000 + (process.pid % 100_000));
    await run(`inline "sleep ${seconds} >/dev/null 2>&1 &" "echo $!"`);
    const pid = Number(await output());
    // It is a shell for a moment, whose arguments are others.
    await until('the program', () => runs(`sleep ${seconds}`));
    process.kill(pid, 'SIGKILL');
  });

  it('that are killed say by which signal', async () => {
    await expect(run('inline "kill -KILL $$"')).rejects.toMatchObject({
      message: expect.stringContaining('ended by the signal SIGKILL'),
      details: { exitCode: null, signal: 'SIGKILL' },
    });
  });
});

describe('a script', () => {
  it('is run as a file that only the user may read, and removed', async () => {
    await script('#!/bin/bash', 'stat -c "%a %n" "$0"', 'echo "$# $1 $KEY"');
    await run('script "setup.sh"; args "a  b" "c"; env { KEY "v" }');
    expect(await output()).toBe(`700 ${guestScriptPath(step)}\n2 a  b v\n`);
    expect(existsSync(guestScriptPath(step))).toBe(false);
  });

  it('without a first line that names an interpreter is run by the shell', async () => {
    await script('echo "plain $1"');
    await run('script "setup.sh"; args "x"');
    expect(await output()).toBe('plain x\n');
  });

  it('may be large, and need not be text', async () => {
    const program = await readFile(process.execPath.includes('node') ? '/bin/ls' : '/bin/true');
    await writeFile(join(directory.path, 'setup.sh'), program);
    await run(`script "setup.sh"; args "${directory.path}"`);
    expect(await output()).toContain('setup.sh\n');
  });

  it('that fails names itself, its arguments and its exit code, and is removed', async () => {
    await script('#!/bin/sh', 'echo "E: no such package" >&2', 'exit 100');
    await expect(run('script "setup.sh"; args "--fast"')).rejects.toMatchObject({
      message: expect.stringMatching(
        /the script ended with exit code 100\.\nCommand: setup\.sh --fast\nLast output:\n {2}E: no such package\n/,
      ),
      details: { command: 'setup.sh --fast', exitCode: 100 },
    });
    expect(existsSync(guestScriptPath(step))).toBe(false);
    expect(await readFile(join(directory.path, 'provision.log'), 'utf8')).toMatch(
      /<== \S+ step 1\/1 \S+ \(shell\): failed, exit code 100, /,
    );
  });

  it('with an interpreter that the guest does not have gets a hint', async () => {
    await script('#!/usr/bin/no-such-interpreter');
    await expect(run('script "setup.sh"')).rejects.toMatchObject({
      hint: expect.stringContaining('interpreter'),
      details: { exitCode: expect.any(Number) },
    });
  });

  it('that hangs is ended by an abort with all that it started, and is removed', async () => {
    const seconds = String(200_000 + (process.pid % 100_000));
    await script(
      '#!/bin/bash',
      'trap "" TERM',
      `sleep ${seconds} &`,
      'echo started',
      `sleep ${seconds}`,
      'sleep 1; sleep 1',
    );
    const controller = new AbortController();
    const reason = new Error('Ctrl-C');
    const running = run('script "setup.sh"', {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'step.output') controller.abort(reason);
      },
    });
    await expect(running).rejects.toBe(reason);
    expect(runs(`sleep ${seconds}`)).toBe(false);
    expect(runs(guestScriptPath(step))).toBe(false);
    expect(existsSync(guestScriptPath(step))).toBe(false);
    expect(await readFile(join(directory.path, 'provision.log'), 'utf8')).toMatch(/: interrupted, /);
  });

  describe('in /tmp, where everybody may write,', () => {
    afterEach(async () => {
      await rm(guestScriptPath(step), { recursive: true, force: true });
    });

    it('takes the place of a link without following it', async () => {
      const victim = join(directory.path, 'victim');
      await writeFile(victim, 'precious');
      await symlink(victim, guestScriptPath(step));
      await script('#!/bin/sh', 'echo mine');
      await run('script "setup.sh"');
      expect(await output()).toBe('mine\n');
      expect(await readFile(victim, 'utf8')).toBe('precious');
    });

    it('takes the place of a file that an earlier run has left', async () => {
      await writeFile(guestScriptPath(step), 'old', { mode: 0o666 });
      await chmod(guestScriptPath(step), 0o666);
      await script('#!/bin/sh', 'stat -c %a "$0"');
      await run('script "setup.sh"');
      expect(await output()).toBe('700\n');
    });

    it('does not take the place of a directory', async () => {
      await mkdir(guestScriptPath(step));
      await script('#!/bin/sh');
      await expect(run('script "setup.sh"')).rejects.toMatchObject({
        message: expect.stringContaining(`could not be written to ${guestScriptPath(step)}`),
        details: { code: 'VMCTL_SHELL_UPLOAD_FAILED' },
      });
      expect((await stat(guestScriptPath(step))).isDirectory()).toBe(true);
    });

    it('does not run what another user has put there', async () => {
      if (!canMakeUsers) {
        process.stderr.write('not tested: users of their own take root and a mount namespace\n');
        return;
      }
      const other = await startSshd({ users: [{ name: 'alice' }] });
      const alice = await login(other, 'alice');
      try {
        await writeFile(guestScriptPath(step), '#!/bin/sh\necho evil\n', { mode: 0o777 });
        await chmod(guestScriptPath(step), 0o777);
        await script('#!/bin/sh', 'echo mine');
        await expect(run('script "setup.sh"', { guest: alice })).rejects.toMatchObject({
          details: { code: 'VMCTL_SHELL_UPLOAD_FAILED' },
          hint: expect.stringContaining(`ls -ld /tmp ${guestScriptPath(step)}`),
        });
        expect(await output()).toBe('');
      } finally {
        await alice.end();
        await other.stop();
      }
    });
  });
});

describe('output', () => {
  it('of any bytes is printable in events and in the log', async () => {
    let shown = '';
    await run(String.raw`inline "head -c 300000 /dev/urandom; printf '\\nend \\303\\274\\n'"`, {
      onEvent: (event) => {
        if (event.type === 'step.output') shown += event.text;
      },
    });
    for (const text of [shown, await output()]) {
      expect(text).not.toMatch(/[^\P{Cc}\n\t\r]/u);
      expect(text).toContain('\nend ü\n');
    }
  });

  it('of 100 MB passes through in bounded memory, and the log says what is missing', async () => {
    let bytes = 0;
    const memory = new MemoryWatch(10_000_000);
    const line = 'x'.repeat(99);
    await run(`inline "yes ${line} | head -c 100000000; echo the end"`, {
      onEvent: (event) => {
        if (event.type !== 'step.output') return;
        bytes += event.text.length;
        memory.passed(event.text.length);
      },
    });
    expect(bytes).toBe(100_000_008);
    expect(memory.growth).toBeLessThan(40 * 2 ** 20);
    const { size } = await stat(join(directory.path, 'provision.log'));
    expect(size).toBeLessThan(18 * 2 ** 20);
    const log = await output();
    expect(log).toMatch(/\[vmctl: \d+ bytes of output were left out here\]\n/);
    expect(log.endsWith(`${line}\nthe end\n`)).toBe(true);
  });

  it('comes while the command runs', async () => {
    const flag = join(directory.path, 'flag');
    // The command ends only after its first line has arrived here.
    await run(`inline "echo first; until [ -e ${flag} ]; do sleep 0.05; done; echo second"`, {
      onEvent: (event) => {
        if (event.type === 'step.output' && event.text.includes('first')) void writeFile(flag, '');
      },
    });
    expect(await output()).toBe('first\nsecond\n');
  });
});

describe('a guest that goes away', () => {
  it('in the middle of a step is told from a command that fails', async () => {
    const doomed = await startSshd();
    const session = await login(doomed);
    try {
      const running = run('inline "echo going down; sleep 100"', {
        guest: session,
        onEvent: (event) => {
          if (event.type === 'step.output') void doomed.kill();
        },
      });
      await expect(running).rejects.toMatchObject({
        code: 'VMCTL_PROVISION_FAILED',
        message: expect.stringContaining('the connection to the guest was lost while the command ran.'),
        hint: expect.stringContaining('vmctl log web --console'),
        details: { code: 'VMCTL_SHELL_DISCONNECTED', output: ['going down'] },
      });
    } finally {
      await session.end();
      await doomed.stop();
    }
  });
});
