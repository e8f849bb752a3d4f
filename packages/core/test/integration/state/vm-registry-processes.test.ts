import { chmod, chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { DataDir } from '../../../src/state/data-dir.js';
import { VmRegistry } from '../../../src/state/vm-registry.js';
import { Child } from '../../support/child.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { exampleHandle } from './example-handle.js';
import { canMount, onTmpfs } from './mounted.js';

const directory = useTemporaryDirectory();
const script = new URL('./registry-child.ts', import.meta.url);
let dataDir: DataDir;
let registry: VmRegistry;

beforeEach(() => {
  dataDir = new DataDir(join(directory.path, 'vmctl'));
  registry = new VmRegistry(dataDir);
});

const run = (...args: readonly string[]) =>
  new Child(script, [args[0] ?? '', dataDir.path, ...args.slice(1)]);
const finish = async (child: Child) => {
  const code = await child.exit();
  expect({ code, stderr: child.stderr }).toEqual({ code: 0, stderr: '' });
};

describe('the registry between processes', () => {
  it('loses no change to one VM, and no VM', async () => {
    const children = [
      ...Array.from({ length: 4 }, () => run('count', 'shared', '15')),
      ...['a', 'b'].map((prefix) => run('add', prefix, '20')),
    ];
    await Promise.all(children.map(finish));
    const vms = await registry.list();
    expect(vms).toHaveLength(41);
    // The first of the 60 makes the VM.
    expect(vms.find((vm) => vm.name === 'shared')?.memory_mb).toBe(2048 + 59);
  });

  it('keeps every change that was confirmed when its writer is killed, and stays usable', async () => {
    const children = Array.from({ length: 4 }, (_, index) => run('count', `vm-${index}`, '100000'));
    const confirmed = await Promise.all(
      children.map(async (child, index) => {
        const rounds = 3 + 2 * index;
        for (let round = 0; round < rounds; round++) expect(await child.line()).toBe('written');
        await child.kill();
        return rounds;
      }),
    );
    const parsed = JSON.parse(await readFile(dataDir.registryFile, 'utf8'));
    confirmed.forEach((rounds, index) => {
      expect(parsed[`vm-${index}`].memory_mb).toBeGreaterThanOrEqual(2048 + rounds - 1);
    });
    await registry.update('after', () => exampleHandle('after', dataDir.path));
    expect(await registry.list()).toHaveLength(5);
    expect((await readdir(dataDir.path)).sort()).toEqual(['.locks', 'images', 'vms', 'vms.json']);
  });
});

const mounted = canMount ? it : it.skip;
if (!canMount)
  process.stderr.write('Skipped: tests on full and read-only disks; this host allows no mount namespaces.\n');

describe('the registry on a disk that refuses', () => {
  mounted('says that the disk is full, and keeps what it had', async () => {
    await mkdir(dataDir.path);
    const child = new Child(script, ['fill', dataDir.path], { wrap: onTmpfs(dataDir.path, 'size=96k') });
    let written = 0;
    let line = await child.line();
    for (; line === 'written'; line = await child.line()) written++;
    expect(line).toBe('VMCTL_DISK_FULL');
    expect(written).toBeGreaterThan(2);
    expect(await child.line()).toBe(String(written));
    await finish(child);
  });

  mounted('can be read on a read-only disk, and says that it cannot be written', async () => {
    await mkdir(dataDir.path);
    const source = join(directory.path, 'source.json');
    await writeFile(source, JSON.stringify({ web: exampleHandle('web', dataDir.path) }));
    const wrap = onTmpfs(dataDir.path, 'size=1m', `cp "${source}" "$0/vms.json" && mount -o remount,ro "$0"`);
    const list = new Child(script, ['list', dataDir.path], { wrap });
    expect(await list.line()).toBe('web');
    await finish(list);
    const add = new Child(script, ['fill', dataDir.path], { wrap });
    expect(await add.line()).toBe('VMCTL_NOT_WRITABLE');
    expect(await add.line()).toBe('1');
    await finish(add);
  });

  it('says that permission is denied', async () => {
    // Root may write anywhere, so the child becomes an ordinary user; one who is that already stays the same.
    await registry.update('web', () => exampleHandle('web', dataDir.path));
    if (process.getuid?.() === 0) {
      await chown(dataDir.path, 65534, 65534);
      await chown(dataDir.registryFile, 65534, 65534);
      await chmod(directory.path, 0o755);
    }
    await rm(dataDir.locks, { recursive: true });
    await chmod(dataDir.path, 0o500);
    const child = run('nobody', 'web');
    expect([await child.line(), await child.line(), await child.line()]).toEqual([
      'VMCTL_NOT_WRITABLE',
      'VMCTL_NOT_WRITABLE',
      '1',
    ]);
    await chmod(dataDir.path, 0o700);
    await finish(child);
  });

  it('says so when the data directory belongs to somebody else (as root: to root)', async () => {
    await mkdir(dataDir.path, { mode: 0o700 });
    if (process.getuid?.() !== 0) {
      process.stderr.write('Skipped in part: only root can set up a directory of another user.\n');
      return;
    }
    await chmod(directory.path, 0o755);
    const child = run('nobody', 'web');
    expect([await child.line(), await child.line(), await child.line()]).toEqual([
      'VMCTL_NOT_WRITABLE',
      'VMCTL_NOT_WRITABLE',
      'VMCTL_NOT_READABLE',
    ]);
    await finish(child);
  });
});
