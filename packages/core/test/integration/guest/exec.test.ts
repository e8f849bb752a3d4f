import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { GuestSession } from '../../../src/guest/contract.js';
import { login } from '../../support/guest.js';
import { MemoryWatch } from '../../support/memory.js';
import { has } from '../../support/programs.js';
import { canMakeUsers, startSshd, type Sshd } from '../../support/sshd.js';

let sshd: Sshd;
let guest: GuestSession;

beforeAll(async () => {
  sshd = await startSshd({ sudo: 'passwordless' });
  guest = await login(sshd);
});

afterAll(async () => {
  await guest.end();
  await sshd.stop();
});

/** The processes that have this word among their arguments. */
function processesWith(word: string): readonly { readonly pid: number; readonly args: string }[] {
  return execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => ({ pid: Number.parseInt(line, 10), args: line.trim().replace(/^\d+\s+/, '') }))
    .filter(({ args }) => args.includes(word));
}

const runs = (word: string) => processesWith(word).length > 0;

/** A number of seconds that no other process has as an argument, and that looks like no part of a path either. */
let unique = 0;
const duration = () =>
  `1000.${String(process.pid).padStart(7, '0')}${String((unique += 1)).padStart(3, '0')}`;

describe('exec', () => {
  it('returns both streams and the exit status; a failure is a result', async () => {
    expect(await guest.exec('echo out; echo err >&2; exit 3')).toEqual({
      exitCode: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('names the signal that ended the command', async () => {
    expect(await guest.exec('kill -TERM $$')).toMatchObject({ exitCode: null, signal: 'SIGTERM' });
    expect(await guest.exec(['sh', '-c', 'kill -9 $$'])).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  });

  it('gives a text to the login shell as it is', async () => {
    const { stdout } = await guest.exec('x=1; echo "$x $((1 + 1))" | cat; echo $0');
    expect(stdout).toBe('1 2\n/bin/bash\n');
  });

  it('hands words over unchanged, whatever they are, and values of variables', async () => {
    const word = fc
      .string({ unit: 'binary', maxLength: 30 })
      .map((text) => text.replaceAll('\0', '').toWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 4 }), word, async (words, value) => {
        const print = 'printf "%s\\0" "$@" "$VALUE"';
        const { stdout } = await guest.exec(['sh', '-c', print, 'sh', ...words], { env: { VALUE: value } });
        expect(stdout.split('\0').slice(0, -1)).toEqual([...words, value]);
      }),
      {
        numRuns: 40,
        examples: [[['a b', "it's", '!!', '-n', '~', '*', '\n', '$HOME', '`id`', '\\', '%s'], '!\n\'"']],
      },
    );
  });

  it('runs builtins of the shell given as words', async () => {
    expect((await guest.exec(['command', '-v', 'sh'])).stdout).toMatch(/\/sh\n$/);
  });

  it('says by the exit status 127 that there is no such program', async () => {
    expect(await guest.exec(['no-such-program'])).toMatchObject({ exitCode: 127 });
  });

  it('refuses what a command cannot hold, before anything runs', async () => {
    await expect(guest.exec(['a\0b'])).rejects.toMatchObject({ code: 'VMCTL_GUEST_COMMAND_INVALID' });
    await expect(guest.exec([])).rejects.toMatchObject({ code: 'VMCTL_GUEST_COMMAND_INVALID' });
    await expect(guest.exec('true', { env: { 'A;id': 'x' } })).rejects.toMatchObject({
      code: 'VMCTL_GUEST_COMMAND_INVALID',
    });
  });

  it('runs a script of a size that no argument may have', async () => {
    const { stdout } = await guest.exec('read -r line; echo ${#line}', { stdin: `${'x'.repeat(300_000)}\n` });
    expect(stdout).toBe('300000\n');
    expect((await guest.exec(`: '${'y'.repeat(100_000)}'; echo done`)).stdout).toBe('done\n');
  });

  it('keeps values of variables out of the list of processes', async () => {
    const secret = `secret${duration()}`;
    const { stdout } = await guest.exec('ps -eo args', { env: { TOKEN: secret } });
    expect(stdout).not.toContain(secret);
  });

  it.each([
    ['a text', 'hello\n'],
    ['bytes', Buffer.from([0, 255, 10, 13])],
    ['nothing', undefined],
  ])('feeds %s to the command and then the end of input', async (_what, stdin) => {
    const { stdout } = await guest.exec('od -An -tx1', { stdin });
    expect(stdout.replaceAll(/\s/g, '')).toBe(Buffer.from(stdin ?? '').toString('hex'));
  });

  it('feeds a stream, at the speed at which it is read', async () => {
    let produced = 0;
    const source = Readable.from(
      (function* () {
        for (let i = 0; i < 400; i++) {
          produced++;
          yield Buffer.alloc(65_536, i);
        }
      })(),
    );
    const { stdout } = await guest.exec('head -c 10; wc -c', { stdin: source });
    expect(stdout).toMatch(/\d+\n$/);
    expect(produced).toBe(400);
  });

  it('stops reading a stream that the command does not read to its end', async () => {
    const source = new Readable({ read() {} });
    source.push('first\n');
    expect(await guest.exec('head -n 1', { stdin: source })).toMatchObject({
      exitCode: 0,
      stdout: 'first\n',
    });
    expect(source.destroyed).toBe(true);
  });

  it('fails with the error of the stream that it feeds, and ends the command', async () => {
    const word = duration();
    const source = new Readable({ read() {} });
    const running = guest.exec(`sleep ${word}`, { stdin: source });
    while (!runs(word)) await sleep(20);
    source.destroy(new Error('disk on fire'));
    await expect(running).rejects.toThrow('disk on fire');
    expect(runs(word)).toBe(false);
  });

  it('delivers all of 100 MB, keeps the last 64 KiB, and needs no memory for the rest', async () => {
    let bytes = 0;
    const memory = new MemoryWatch(10_000_000);
    const result = await guest.exec('head -c 100000000 /dev/zero | tr "\\0" x; echo end', {
      onStdout: (chunk) => {
        bytes += chunk.length;
        memory.passed(chunk.length);
      },
    });
    expect(bytes).toBe(100_000_004);
    expect(result.stdout).toBe(`${'x'.repeat(65_536 - 4)}end\n`);
    expect(memory.growth).toBeLessThan(20 * 2 ** 20);
  });

  it('reads nothing more while a callback is busy: the command waits', async () => {
    const progress = `${sshd.directory}/progress`;
    const { promise: busy, resolve: release } = Promise.withResolvers<void>();
    const { promise: first, resolve: arrived } = Promise.withResolvers<void>();
    let chunks = 0;
    const running = guest.exec(
      `i=0; while [ $i -lt 400 ]; do head -c 65536 /dev/zero; i=$((i+1)); echo $i >${progress}; done`,
      {
        onStdout: () => {
          arrived();
          return chunks++ === 0 ? busy : undefined;
        },
      },
    );
    await first;
    // Time for the command to do what it must not.
    await sleep(1_000);
    // 2 MiB may be under way, and what pipes and sockets hold.
    expect(chunks).toBe(1);
    expect(Number(await readFile(progress, 'utf8'))).toBeLessThan(200);
    release();
    expect(await running).toMatchObject({ exitCode: 0 });
    expect(Number(await readFile(progress, 'utf8'))).toBe(400);
  });

  it('fails with the error of a callback, and ends the command', async () => {
    const word = duration();
    const running = guest.exec(`echo x; sleep ${word}`, {
      onStdout: () => {
        throw new Error('the log is full');
      },
    });
    await expect(running).rejects.toThrow('the log is full');
    expect(runs(word)).toBe(false);
  });

  it('drops what login scripts print before the command', async () => {
    const noisy = await startSshd();
    await writeFile(join(noisy.home(noisy.user), '.bashrc'), 'echo "Welcome to this machine!"\n');
    const session = await login(noisy);
    try {
      expect((await session.exec('echo mine')).stdout).toBe('mine\n');
    } finally {
      await session.end();
      await noisy.stop();
    }
  });

  it('runs many commands at once on one connection, more than the server allows sessions', async () => {
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, i) => guest.exec(`sleep 0.1; echo ${i}`)),
    );
    expect(results.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 30 }, (_, i) => `${i}\n`));
  });
});

describe('exec on a server with few sessions', () => {
  it('waits for those that run', async () => {
    const strict = await startSshd({ config: ['MaxSessions 2'] });
    const session = await login(strict);
    try {
      const results = await Promise.all(
        Array.from({ length: 12 }, (_, i) => session.exec(`sleep 0.1; echo ${i}`)),
      );
      expect(results.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 12 }, (_, i) => `${i}\n`));
    } finally {
      await session.end();
      await strict.stop();
    }
  });

  it('says so where none is allowed', async () => {
    const strict = await startSshd({ config: ['MaxSessions 0'] });
    const session = await login(strict);
    try {
      await expect(session.exec('true')).rejects.toMatchObject({
        code: 'VMCTL_GUEST_DISCONNECTED',
        message: expect.stringContaining('started no command'),
      });
    } finally {
      await session.end();
      await strict.stop();
    }
  });
});

describe('an abort', () => {
  it.each([
    ['a command', (word: string) => `sleep ${word}`],
    ['its children', (word: string) => `sh -c 'sleep ${word} & sleep ${word}; true'; true`],
    ['what runs in the background', (word: string) => `sleep ${word} & sleep ${word} & wait`],
    ['groups of their own', (word: string) => `timeout 1000 sleep ${word}; true`],
    [
      'what ignores SIGTERM',
      (word: string) => `trap "" TERM; sh -c 'trap "" TERM; sleep ${word}; true'; true`,
    ],
    [
      'what ignores SIGTERM and holds no output',
      (word: string) => `(trap "" TERM; exec sleep ${word}) </dev/null >/dev/null 2>&1 & sleep 1000`,
    ],
  ])('ends %s', async (_what, command) => {
    const word = duration();
    const abort = new AbortController();
    const running = guest.exec(command(word), { signal: abort.signal });
    while (!runs(word)) await sleep(20);
    const reason = new Error('Ctrl-C');
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(runs(word)).toBe(false);
  });

  it('ends what ignores SIGTERM in a guest in which everything takes its time', async () => {
    const bin = join(sshd.directory, 'slow');
    await mkdir(bin);
    await writeFile(join(bin, 'sleep'), '#!/bin/sh\nexec /bin/sleep 0.7\n', { mode: 0o755 });
    const slow = await startSshd({ environment: { PATH: `${bin}:/usr/bin:/bin` } });
    const session = await login(slow);
    try {
      const word = duration();
      const abort = new AbortController();
      const running = session.exec(`trap "" TERM; /bin/sleep ${word}; true`, { signal: abort.signal });
      while (!runs(word)) await sleep(20);
      abort.abort(new Error('stop'));
      await expect(running).rejects.toThrow('stop');
      expect(runs(word)).toBe(false);
    } finally {
      await session.end();
      await slow.stop();
    }
  });

  it('ends the feeding at once, however long the command takes to end', async () => {
    const abort = new AbortController();
    let fed = 0;
    // Without an end: only the abort stops it.
    async function* source(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield Buffer.alloc(65_536);
        if (++fed === 10) abort.abort(new Error('stop'));
      }
    }
    const running = guest.exec('trap "" TERM; cat >/dev/null; sleep 1000', {
      stdin: Readable.from(source(), { highWaterMark: 1 }),
      signal: abort.signal,
    });
    await expect(running).rejects.toThrow('stop');
    // Some was on its way when the abort came.
    expect(fed).toBeLessThanOrEqual(20);
  });

  it('before the start runs nothing', async () => {
    const word = duration();
    const reason = new Error('too late');
    await expect(guest.exec(`sleep ${word}`, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(runs(word)).toBe(false);
  });

  it('leaves the session usable, and other commands alone', async () => {
    const abort = new AbortController();
    const other = guest.exec('sleep 0.5; echo other');
    const running = guest.exec('sleep 1000', { signal: abort.signal });
    await sleep(100);
    abort.abort(new Error('stop'));
    await expect(running).rejects.toThrow('stop');
    expect((await other).stdout).toBe('other\n');
    expect((await guest.exec('echo still here')).stdout).toBe('still here\n');
  });

  it('works while a callback is busy and output piles up', async () => {
    const word = duration();
    const abort = new AbortController();
    const running = guest.exec(`yes ${word}`, {
      signal: abort.signal,
      onStdout: () => new Promise<void>(() => {}),
    });
    while (!runs(word)) await sleep(20);
    abort.abort(new Error('stop'));
    await expect(running).rejects.toThrow('stop');
    expect(runs(word)).toBe(false);
  });

  it('leaves a daemon alone that has left the session', async () => {
    const word = duration();
    const abort = new AbortController();
    const running = guest.exec(`setsid sleep ${word} >/dev/null 2>&1 </dev/null & sleep 1000`, {
      signal: abort.signal,
    });
    // It has left when it is no `setsid` any more.
    while (!processesWith(word).some(({ args }) => args === `sleep ${word}`)) await sleep(20);
    abort.abort(new Error('stop'));
    await expect(running).rejects.toThrow('stop');
    const left = processesWith(word);
    expect(left).toHaveLength(1);
    for (const { pid } of left) process.kill(pid);
  });

  it('reaches a command that still waits for its turn', async () => {
    const abort = new AbortController();
    const flag = join(sshd.directory, 'go');
    const others = Array.from({ length: 10 }, () => guest.exec(`until [ -e ${flag} ]; do sleep 0.05; done`));
    const waiting = guest.exec('echo never', { signal: abort.signal });
    const outcome = expect(waiting).rejects.toThrow('stop');
    await sleep(200);
    abort.abort(new Error('stop'));
    await outcome;
    await writeFile(flag, '');
    expect((await Promise.all(others)).every(({ exitCode }) => exitCode === 0)).toBe(true);
  });

  it('is what a time limit does', async () => {
    const word = duration();
    await expect(guest.exec(`sleep ${word}`, { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'VMCTL_GUEST_COMMAND_TIMEOUT',
      message: expect.stringContaining(`sleep ${word}`),
    });
    expect(runs(word)).toBe(false);
    expect((await guest.exec('echo quick', { timeoutMs: 60_000 })).stdout).toBe('quick\n');
  });
});

(canMakeUsers ? describe : describe.skip)('exec as a user of the guest', () => {
  const shells = ['/bin/sh', '/bin/bash', '/usr/bin/fish', '/usr/bin/tcsh', '/usr/bin/zsh'].filter((path) =>
    has(path.slice(path.lastIndexOf('/') + 1)),
  );
  let server: Sshd;

  beforeAll(async () => {
    server = await startSshd({
      sudo: 'passwordless',
      users: shells.map((shell) => ({ name: `u${shell.replaceAll('/', '-')}`, shell })),
    });
  });

  afterAll(() => server.stop());

  it.each(shells)('hands words, variables and input over whatever the login shell is: %s', async (shell) => {
    const session = await login(server, `u${shell.replaceAll('/', '-')}`);
    try {
      const words = [
        'a b',
        "it's",
        '!!',
        '!x',
        '~',
        '*',
        'two\nlines',
        '$HOME',
        '`id`',
        '\\',
        '\\n',
        'ü',
        '"',
      ];
      const { stdout } = await session.exec(['sh', '-c', 'printf "%s\\0" "$@" "$V"; cat', 'sh', ...words], {
        env: { V: "!\n'" },
        stdin: 'input',
      });
      expect(stdout.split('\0')).toEqual([...words, "!\n'", 'input']);
      expect((await session.exec('echo $SHELL')).stdout).toBe(`${shell}\n`);
    } finally {
      await session.end();
    }
  });

  it('ends on abort what runs as root through sudo', async () => {
    const session = await login(server, 'u-bin-sh');
    try {
      const word = duration();
      const abort = new AbortController();
      const running = session.exec(`sudo -n sh -c 'sleep ${word}; true'; true`, { signal: abort.signal });
      while (!runs(word)) await sleep(20);
      abort.abort(new Error('stop'));
      await expect(running).rejects.toThrow('stop');
      expect(runs(word)).toBe(false);
    } finally {
      await session.end();
    }
  });
});
