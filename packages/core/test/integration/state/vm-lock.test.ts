import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LockHolder } from '../../../src/host/lock.js';
import { DataDir } from '../../../src/state/data-dir.js';
import { lockVm } from '../../../src/state/vm-lock.js';
import { Child } from '../../support/child.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const lockChild = new URL('../host/lock-child.ts', import.meta.url);
let dataDir: DataDir;

beforeEach(() => {
  dataDir = new DataDir(join(directory.path, 'vmctl'));
});

describe('lockVm', () => {
  it('lets one operation at a time work on a VM, and says which one', async () => {
    const lock = await lockVm(dataDir, 'web', { purpose: 'up', wait: true });
    await expect(lockVm(dataDir, 'web', { purpose: 'down', wait: false })).rejects.toMatchObject({
      code: 'VMCTL_LOCKED',
      message: expect.stringMatching(new RegExp(`^The VM "web" is in use: process ${process.pid} \\(up\\)`)),
    });
    await lock.release();
  });

  it('lets operations on several VMs run side by side', async () => {
    const locks = await Promise.all(
      ['web', 'db', 'WEB', 'a.b'].map((name) => lockVm(dataDir, name, { purpose: 'up', wait: false })),
    );
    await Promise.all(locks.map((lock) => lock.release()));
  });

  it('waits for another process, says for whom, and goes on at once when that one is killed', async () => {
    const child = new Child(lockChild, ['hold', dataDir.locks, 'vm-web']);
    await child.line();
    const holders: LockHolder[] = [];
    const waiting = lockVm(dataDir, 'web', {
      purpose: 'destroy',
      wait: true,
      onWait: (holder) => {
        holders.push(holder);
        child.process.kill('SIGKILL');
      },
    });
    await (await waiting).release();
    expect(holders).toMatchObject([{ pid: child.pid, purpose: 'test child' }]);
    await child.exit();
  });

  it('refuses a name that is none', async () => {
    await expect(lockVm(dataDir, '../x', { purpose: 'up', wait: true })).rejects.toMatchObject({
      code: 'VMCTL_VM_NAME_INVALID',
    });
  });
});
