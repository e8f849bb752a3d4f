import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ProcessIdentity } from '../../../src/host/process-contract.js';
import { createProcessTable } from '../../../src/host/process-table.js';
import { PsProcesses } from '../../../src/host/ps-processes.js';
import { until } from '../../support/until.js';

const children: ChildProcess[] = [];

const start = async (file: string, args: readonly string[]): Promise<ChildProcess & { pid: number }> => {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error('the child did not start');
  return Object.assign(child, { pid });
};

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const identified = async (table = createProcessTable(), pid = process.pid): Promise<ProcessIdentity> => {
  const identity = await table.identify(pid);
  if (identity === undefined) throw new Error(`no process ${pid}`);
  return identity;
};

describe.each([
  ['this platform', createProcessTable()],
  ['ps', createProcessTable(new PsProcesses())],
])('the process table of %s', (_name, table) => {
  it('knows this process, the same way each time', async () => {
    const identity = await identified(table);
    expect(identity.pid).toBe(process.pid);
    expect(await identified(table)).toEqual(identity);
    expect(await table.isAlive(identity)).toBe(true);
  });

  it('knows no process for ids that are none', async () => {
    for (const pid of [0, -1, 1.5, NaN, Infinity, 2 ** 30]) {
      expect(await table.identify(pid)).toBeUndefined();
    }
  });

  it('does not take a process with the same id for the one it was', async () => {
    const child = await start('sleep', ['600']);
    const former = { ...(await identified(table, child.pid)), startTime: 'earlier' };
    expect(await table.isAlive(former)).toBe(false);
    expect(await table.commandLine(former)).toBeUndefined();
    expect(await table.signal(former, 'SIGKILL')).toBe(false);
    expect(await table.waitForExit(former, { timeoutMs: 0 })).toBe(true);
    expect(await table.isAlive(await identified(table, child.pid))).toBe(true);
  });

  it('gives the command line', async () => {
    const child = await start('sleep', ['600']);
    expect(await table.commandLine(await identified(table, child.pid))).toEqual(['sleep', '600']);
  });

  it('counts a zombie as dead', async () => {
    // The shell starts a process and then becomes a program that never asks for its exit status: a zombie stays.
    const parent = await start('sh', ['-c', 'sleep 600 & echo $!; exec sleep 601']);
    const [line] = await once(parent.stdout ?? parent, 'data');
    const zombie = Number(String(line));
    expect(zombie).toBeGreaterThan(1);
    const program = await identified(table, parent.pid);
    await until('the shell to be that program', async () =>
      Boolean((await table.commandLine(program))?.includes('601')),
    );
    process.kill(zombie, 'SIGKILL');
    while ((await table.identify(zombie)) !== undefined) await new Promise(setImmediate);
    process.kill(zombie, 0); // throws if it were gone altogether
  });

  it('signals a process and sees it end', async () => {
    const child = await start('sleep', ['600']);
    const identity = await identified(table, child.pid);
    expect(await table.waitForExit(identity, { timeoutMs: 30 })).toBe(false);
    const waiting = table.waitForExit(identity, { timeoutMs: 30_000 });
    expect(await table.signal(identity, 'SIGTERM')).toBe(true);
    expect(await waiting).toBe(true);
    expect(await table.signal(identity, 'SIGTERM')).toBe(false);
    expect(await table.identify(child.pid)).toBeUndefined();
  });

  it('ends a wait with the reason of an abort', async () => {
    const child = await start('sleep', ['600']);
    const identity = await identified(table, child.pid);
    const abort = new AbortController();
    const waiting = table.waitForExit(identity, { timeoutMs: 30_000, signal: abort.signal });
    abort.abort(new Error('Ctrl-C'));
    await expect(waiting).rejects.toThrow('Ctrl-C');
  });
});

describe('the process table of Linux', () => {
  const table = createProcessTable();

  it('keeps empty arguments and line ends apart', async () => {
    const args = ['-e', 'setTimeout(() => 0, 6e5)', '', 'a\nb', 'c  d', ''];
    const child = await start(process.execPath, args);
    const identity = await identified(table, child.pid);
    expect(await table.commandLine(identity)).toEqual([process.execPath, ...args]);
  });

  it('marks start times with the boot', async () => {
    expect((await identified()).startTime).toMatch(/^[0-9a-f-]{36}:\d+$/);
  });

  it('does not take a thread for a process', async () => {
    const threads = await readdir('/proc/self/task');
    const thread = threads.map(Number).find((id) => id !== process.pid);
    if (thread === undefined) throw new Error('node always has more threads');
    expect(await table.identify(thread)).toBeUndefined();
  });

  it('refuses to signal what is not ours', async () => {
    const strange = createProcessTable({
      startTime: async () => 'always',
      commandLine: async () => undefined,
    });
    const spy = Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
    const { kill } = process;
    process.kill = () => {
      throw spy;
    };
    try {
      await expect(strange.signal({ pid: 1, startTime: 'always' }, 'SIGTERM')).rejects.toMatchObject({
        code: 'VMCTL_PROCESS_NOT_OURS',
        cause: spy,
      });
    } finally {
      process.kill = kill;
    }
  });
});
