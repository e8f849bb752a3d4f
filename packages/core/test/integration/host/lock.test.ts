import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { acquireLock, type AcquireLockOptions, type LockHolder, lockHolder } from '../../../src/host/lock.js';
import type { ProcessTable } from '../../../src/host/process-contract.js';
import { createProcessTable } from '../../../src/host/process-table.js';
import { Child } from '../../support/child.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { until } from '../../support/until.js';

const directory = useTemporaryDirectory();
const processes = createProcessTable();
const script = new URL('./lock-child.ts', import.meta.url);

const take = (options: Partial<AcquireLockOptions> = {}) =>
  acquireLock({ directory: directory.path, name: 'x', purpose: 'test', processes, wait: true, ...options });

const hold = async (): Promise<Child> => {
  const child = new Child(script, ['hold', directory.path, 'x']);
  expect(await child.line()).toBe('held');
  return child;
};

describe('a lock within one process', () => {
  it('can be taken again after it was released, any number of times', async () => {
    for (let round = 0; round < 5; round++) {
      const lock = await take({ wait: false });
      await lock.release();
    }
    expect(await readdir(directory.path)).toEqual(['x.lock']);
    expect(await readdir(join(directory.path, 'x.lock'))).toHaveLength(1);
  });

  it('excludes a second taker, who is told who holds it', async () => {
    const lock = await take({ purpose: 'up --name "ünit"' });
    await expect(take({ wait: false, subject: 'VM "web"' })).rejects.toMatchObject({
      code: 'VMCTL_LOCKED',
      message: expect.stringMatching(
        /^The VM "web" is in use: process \d+ \(up --name "ünit"\) has worked on it since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.$/,
      ),
      details: { name: 'x', pid: process.pid, purpose: 'up --name "ünit"' },
    });
    await lock.release();
    await (await take({ wait: false })).release();
  });

  it('releases once, however often it is asked to', async () => {
    const first = await take();
    await first.release();
    const second = await take();
    await first.release();
    await expect(take({ wait: false })).rejects.toMatchObject({ code: 'VMCTL_LOCKED' });
    await second.release();
  });

  it('is released at the end of an `await using` scope', async () => {
    const lock = await take();
    await lock[Symbol.asyncDispose]();
    await (await take({ wait: false })).release();
  });

  it('lets one in at a time, and everybody in the end', async () => {
    let inside = 0;
    let most = 0;
    let rounds = 0;
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const lock = await take();
        most = Math.max(most, ++inside);
        await new Promise(setImmediate);
        inside--;
        rounds++;
        await lock.release();
      }),
    );
    expect({ most, rounds }).toEqual({ most: 1, rounds: 20 });
  });

  it('is apart from locks of other names, whatever these are', async () => {
    const names = [
      'x',
      'X',
      '../x',
      'a/b',
      '.',
      '..',
      '',
      'é'.repeat(200),
      'é'.repeat(201),
      '\ud800',
      '\udfff',
    ];
    const locks = await Promise.all(names.map((name) => take({ name, wait: false })));
    for (const name of names) {
      await expect(take({ name, wait: false })).rejects.toMatchObject({ code: 'VMCTL_LOCKED' });
    }
    expect(await readdir(directory.path)).toHaveLength(names.length);
    await Promise.all(locks.map((lock) => lock.release()));
  });

  it('gives up after the time-out', async () => {
    const lock = await take({ purpose: 'down' });
    await expect(take({ timeoutMs: 80 })).rejects.toMatchObject({
      code: 'VMCTL_LOCKED',
      message: expect.stringContaining('still in use'),
      hint: expect.stringContaining(`kill ${process.pid}`),
    });
    await lock.release();
  });

  it('ends the waiting with the reason of an abort', async () => {
    const lock = await take();
    const abort = new AbortController();
    const waiting = take({
      signal: abort.signal,
      onWait: () => {
        abort.abort(new Error('Ctrl-C'));
      },
    });
    await expect(waiting).rejects.toThrow('Ctrl-C');
    await expect(take({ signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
    await lock.release();
    await (await take({ wait: false })).release();
  });

  it('says once whom it waits for', async () => {
    const lock = await take({ purpose: 'provision' });
    const holders: LockHolder[] = [];
    const waiting = take({
      onWait: (holder) => {
        holders.push(holder);
      },
    });
    await until('the first word', () => holders.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await lock.release();
    await (await waiting).release();
    expect(holders).toEqual([
      expect.objectContaining({ pid: process.pid, purpose: 'provision', since: expect.any(Date) }),
    ]);
  });

  it('cuts a long purpose rather than fail', async () => {
    const lock = await take({ purpose: '💾'.repeat(500) });
    await expect(take({ wait: false })).rejects.toMatchObject({
      details: { purpose: expect.stringMatching(/^💾{1,10}$/u) },
    });
    await lock.release();
  });
});

describe('a lock after an accident', () => {
  it('is there again when a power cut left its directory empty', async () => {
    await mkdir(join(directory.path, 'x.lock'));
    await (await take({ wait: false })).release();
  });

  it('is free when its directory was removed while it was held', async () => {
    const lock = await take();
    await rm(join(directory.path, 'x.lock'), { recursive: true });
    await lock.release();
    await (await take({ wait: false })).release();
  });

  it('is refused when something else is in its place', async () => {
    await mkdir(join(directory.path, 'x.lock'));
    await writeFile(join(directory.path, 'x.lock', 'note'), '');
    await expect(take()).rejects.toMatchObject({ code: 'VMCTL_FILE_FAILED' });
    await writeFile(join(directory.path, 'file'), '');
    await expect(take({ directory: join(directory.path, 'file') })).rejects.toMatchObject({
      code: 'VMCTL_NOT_A_DIRECTORY',
    });
  });

  it('does not take a process for the holder that only has its id', async () => {
    await take();
    const reborn: ProcessTable = {
      ...processes,
      identify: async (pid) => ({ pid, startTime: 'another boot' }),
    };
    await (await take({ wait: false, processes: reborn })).release();
  });

  it('is not given to a taker that acts on an old view of a dead holder', async () => {
    const dead = await hold();
    await dead.kill();
    let stopped: (() => void) | undefined;
    const waiting = new Promise<void>((resolve) => (stopped = resolve));
    let goOn: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    // Sleeps between the look at the dead holder and the takeover.
    const sleepy: ProcessTable = {
      ...processes,
      identify: async (pid) => {
        const identity = await processes.identify(pid);
        if (pid === dead.pid) {
          stopped?.();
          await gate;
        }
        return identity;
      },
    };
    let slowIsIn = false;
    const slow = take({ processes: sleepy }).then((lock) => {
      slowIsIn = true;
      return lock;
    });
    await waiting;
    for (let round = 0; round < 3; round++) await (await take({ wait: false })).release();
    const held = await take({ wait: false });
    goOn?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(slowIsIn).toBe(false);
    await held.release();
    await (await slow).release();
  });
});

describe('a lock between processes', () => {
  it('excludes the others while its holder lives, and is passed on when it is released', async () => {
    const child = await hold();
    await expect(take({ wait: false })).rejects.toMatchObject({ details: { pid: child.pid } });
    const waiting = take();
    child.tell('release');
    await (await waiting).release();
    expect(await child.exit()).toBe(0);
  });

  it('is taken over from a holder that was killed', async () => {
    const child = await hold();
    const waiting = take();
    await child.kill();
    await (await waiting).release();
  });

  it('stays with a holder that is only stopped', async () => {
    const child = await hold();
    child.process.kill('SIGSTOP');
    await expect(take({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'VMCTL_LOCKED' });
    await child.kill();
  });

  it('loses no round when many processes work', async () => {
    const children = Array.from({ length: 6 }, () => new Child(script, ['work', directory.path, 'x', '20']));
    for (const child of children) {
      const code = await child.exit();
      expect({ code, stderr: child.stderr }).toEqual({ code: 0, stderr: '' });
    }
    expect(await readFile(join(directory.path, 'counter'), 'utf8')).toBe('120');
  });

  it('lets nobody in twice and nobody wait for ever when holders are killed inside', async () => {
    const children = Array.from({ length: 8 }, () => new Child(script, ['work', directory.path, 'x', '12']));
    const [victims, survivors] = [children.slice(0, 5), children.slice(5)];
    await Promise.all(
      victims.map(async (victim, index) => {
        for (let round = 0; round <= index; round++) await victim.line();
        await victim.kill();
      }),
    );
    for (const child of survivors) {
      const code = await child.exit();
      expect({ code, stderr: child.stderr }).toEqual({ code: 0, stderr: '' });
    }
    for (const victim of victims) expect(victim.stderr).toBe('');
    const count = Number(await readFile(join(directory.path, 'counter'), 'utf8'));
    // A victim may die before or after it counts its last round.
    expect(count).toBeGreaterThanOrEqual(3 * 12 + 0 + 1 + 2 + 3 + 4);
    expect(await readdir(join(directory.path, 'x.lock'))).toHaveLength(1);
  });
});

describe('the holder of a lock', () => {
  const holder = () => lockHolder({ directory: directory.path, name: 'x', processes });

  it('is known while it holds the lock, and makes no lock by being asked for', async () => {
    expect(await holder()).toBeUndefined();
    expect(await readdir(directory.path)).toEqual([]);
    const lock = await take({ purpose: 'up' });
    expect(await holder()).toMatchObject({ pid: process.pid, purpose: 'up' });
    await lock.release();
    expect(await holder()).toBeUndefined();
  });

  it('is nobody any more as soon as the process is gone', async () => {
    const child = await hold();
    expect(await holder()).toMatchObject({ pid: child.pid });
    await child.kill();
    expect(await holder()).toBeUndefined();
  });
});
