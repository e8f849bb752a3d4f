import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { VmctlEventBody } from '../../../src/events/events.js';
import { DataDir } from '../../../src/state/data-dir.js';
import { VmRegistry } from '../../../src/state/vm-registry.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { exampleHandle } from './example-handle.js';

const directory = useTemporaryDirectory();
let dataDir: DataDir;
let registry: VmRegistry;
let warnings: VmctlEventBody[];

beforeEach(() => {
  dataDir = new DataDir(join(directory.path, 'vmctl'));
  warnings = [];
  registry = new VmRegistry(dataDir, { events: { emit: (event) => void warnings.push(event) } });
});

const handle = (name: string) => exampleHandle(name, dataDir.path);
const readJson = async () => JSON.parse(await readFile(dataDir.registryFile, 'utf8'));
const writeRegistry = async (content: unknown) => {
  await mkdir(dataDir.path, { recursive: true });
  await writeFile(dataDir.registryFile, typeof content === 'string' ? content : JSON.stringify(content));
};
const asides = async () => (await readdir(dataDir.path)).filter((name) => name.includes('corrupt'));

describe('a new registry', () => {
  it('is empty, and reading it makes nothing', async () => {
    expect(await registry.list()).toEqual([]);
    expect(await registry.get('web')).toBeUndefined();
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('keeps VMs in a plain object by name, for the user alone, and lists them in the order of names', async () => {
    await registry.update('web', () => handle('web'));
    await registry.update('db', () => handle('db'));
    expect(await readJson()).toEqual({ web: handle('web'), db: handle('db') });
    expect((await stat(dataDir.registryFile)).mode & 0o777).toBe(0o600);
    expect((await registry.list()).map((vm) => vm.name)).toEqual(['db', 'web']);
    expect(await registry.get('db')).toEqual(handle('db'));
  });
});

describe('update', () => {
  it('is given the current handle, and gives back the next one', async () => {
    await registry.update('web', () => handle('web'));
    const next = await registry.update('web', (vm) => ({ ...(vm ?? handle('web')), pid: 77 }));
    expect(next.pid).toBe(77);
    expect((await registry.get('web'))?.pid).toBe(77);
  });

  it('forgets the VM when there is no next handle', async () => {
    await registry.update('web', () => handle('web'));
    await registry.update('web', () => undefined);
    expect(await readJson()).toEqual({});
    await registry.remove('web');
  });

  it('changes nothing when it throws, while others of the same moment go through', async () => {
    const results = await Promise.allSettled([
      registry.update('web', () => handle('web')),
      registry.update('bad', () => {
        throw new Error('no');
      }),
      registry.update('db', () => handle('db')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(Object.keys(await readJson())).toEqual(['web', 'db']);
  });

  it('applies changes of the same moment in order, and writes once', async () => {
    await registry.update('web', () => ({ ...handle('web'), memory_mb: 1 }));
    const before = await stat(dataDir.registryFile);
    await Promise.all(
      Array.from({ length: 100 }, () =>
        registry.update('web', (vm) => ({ ...(vm ?? handle('web')), memory_mb: (vm?.memory_mb ?? 0) + 1 })),
      ),
    );
    expect((await registry.get('web'))?.memory_mb).toBe(101);
    expect((await stat(dataDir.registryFile)).ino).not.toBe(before.ino);
  });

  it('does not write when nothing changes', async () => {
    await registry.update('web', () => handle('web'));
    const before = await stat(dataDir.registryFile);
    await registry.update('web', (vm) => vm);
    await registry.remove('db');
    const after = await stat(dataDir.registryFile);
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  });

  it('works for names that objects have themselves', async () => {
    for (const name of ['constructor', 'toString']) {
      expect(await registry.get(name)).toBeUndefined();
      await registry.update(name, () => handle(name));
    }
    expect((await registry.list()).map((vm) => vm.name)).toEqual(['constructor', 'toString']);
  });
});

describe('a registry of another version or tool', () => {
  it('loads, and keeps what this version does not know', async () => {
    await writeRegistry({
      web: { ...handle('web'), pid_file: '/w/qemu.pid', extra: { a: 1 } },
      old: { id: 'qemu-9f1c2d3e' },
    });
    expect((await registry.list()).map((vm) => [vm.name, vm.vcpus])).toEqual([
      ['old', 1],
      ['web', 2],
    ]);
    await registry.update('web', (vm) => ({ ...(vm ?? handle('web')), pid: null }));
    expect(await readJson()).toEqual({
      web: { ...handle('web'), pid: null, pid_file: '/w/qemu.pid', extra: { a: 1 } },
      old: { id: 'qemu-9f1c2d3e' },
    });
    expect(warnings).toEqual([]);
  });

  it('does not let one bad entry hide the others, nor lose it', async () => {
    await writeRegistry({ bad: 'text', web: handle('web'), '../x': {} });
    expect((await registry.list()).map((vm) => vm.name)).toEqual(['web']);
    await registry.list();
    expect(warnings).toMatchObject([
      { type: 'warning', code: 'VMCTL_REGISTRY_CORRUPT', message: expect.stringContaining('"bad"') },
      { type: 'warning', code: 'VMCTL_REGISTRY_CORRUPT', message: expect.stringContaining('"../x"') },
    ]);
    await registry.update('db', () => handle('db'));
    await registry.remove('bad');
    expect(await readJson()).toEqual({ bad: 'text', web: handle('web'), '../x': {}, db: handle('db') });
    expect(await asides()).toEqual([]);
  });

  it('keeps the file aside before a bad entry is replaced', async () => {
    await writeRegistry({ bad: 'text', worse: { ...handle('worse'), vcpus: 'two' } });
    await registry.update('bad', () => handle('bad'));
    await registry.update('worse', (vm) => ({ ...(vm ?? handle('worse')), pid: 1 }));
    expect(await readJson()).toMatchObject({ bad: { vcpus: 2 }, worse: { vcpus: 1 } });
    const kept = await Promise.all(
      (await asides()).map((name) => readFile(join(dataDir.path, name), 'utf8')),
    );
    const before = kept.map((text): unknown => JSON.parse(text).bad);
    expect(before).toHaveLength(2);
    expect(before).toEqual(expect.arrayContaining([handle('bad'), 'text']));
    expect(warnings).toContainEqual(
      expect.objectContaining({ vm: 'worse', message: expect.stringContaining('"vcpus" cannot be "two"') }),
    );
  });
});

describe('a vms.json that is no registry', () => {
  const broken = '{\n  "web": { "id": "qemu-1",\n}';

  it('counts as empty, with a warning that says why and which VMs are concerned, and stays as it is', async () => {
    await writeRegistry(broken);
    await mkdir(join(dataDir.vms, 'web'), { recursive: true });
    expect(await registry.list()).toEqual([]);
    expect(await registry.get('web')).toBeUndefined();
    expect(warnings).toEqual([
      {
        type: 'warning',
        vm: undefined,
        code: 'VMCTL_REGISTRY_CORRUPT',
        message: expect.stringMatching(/vms\.json cannot be read: .*line 3 column 1.*not known now: web\.$/),
        hint: expect.stringContaining('mend the file'),
      },
    ]);
    expect(await readFile(dataDir.registryFile, 'utf8')).toBe(broken);
    expect(await asides()).toEqual([]);
  });

  it('is kept aside by the first change, and a warning says where', async () => {
    await writeRegistry(broken);
    await registry.update('db', () => handle('db'));
    expect(await readJson()).toEqual({ db: handle('db') });
    const [aside = ''] = await asides();
    expect(aside).toMatch(/^vms\.json\.corrupt-\d{8}T\d{6}Z$/);
    expect(await readFile(join(dataDir.path, aside), 'utf8')).toBe(broken);
    expect(warnings).toContainEqual(expect.objectContaining({ message: expect.stringContaining(aside) }));
    await registry.update('web', () => handle('web'));
    expect(await asides()).toHaveLength(1);
  });

  it('is not touched by a change that changes nothing', async () => {
    await writeRegistry(broken);
    await registry.remove('web');
    expect(await readFile(dataDir.registryFile, 'utf8')).toBe(broken);
  });

  it.each(['', '[]', '\0\0\0\0'])('is told from an empty registry: %j', async (content) => {
    await writeRegistry(content);
    expect(await registry.list()).toEqual([]);
    expect(warnings).toHaveLength(1);
    await registry.update('web', () => handle('web'));
    expect(await asides()).toHaveLength(1);
  });

  it('is an error when it is a directory', async () => {
    await mkdir(dataDir.registryFile, { recursive: true });
    await expect(registry.list()).rejects.toMatchObject({
      code: 'VMCTL_FILE_FAILED',
      message: expect.stringContaining(dataDir.registryFile),
    });
    await expect(registry.update('web', () => handle('web'))).rejects.toMatchObject({
      code: 'VMCTL_FILE_FAILED',
    });
  });
});

describe('what a killed writer leaves', () => {
  it('is removed by the next one, and nothing else is', async () => {
    await registry.update('web', () => handle('web'));
    await writeFile(join(dataDir.path, '.vms.json.0123456789ab.tmp'), '{"half');
    await writeFile(join(dataDir.path, 'notes.tmp'), '');
    await registry.update('db', () => handle('db'));
    expect((await readdir(dataDir.path)).sort()).toEqual([
      '.locks',
      'images',
      'notes.tmp',
      'vms',
      'vms.json',
    ]);
    expect(Object.keys(await readJson())).toEqual(['web', 'db']);
  });
});

describe('a large registry', () => {
  it('takes 300 VMs at once, and one by one', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `vm-${index}`);
    await Promise.all(names.map((name) => registry.update(name, () => handle(name))));
    for (const name of names.slice(0, 20)) {
      await registry.update(name, (vm) => ({ ...(vm ?? handle(name)), pid: null }));
    }
    const vms = await registry.list();
    expect(vms).toHaveLength(300);
    expect(vms.filter((vm) => vm.pid === null)).toHaveLength(20);
  });
});

it('a data directory that stood open is closed by the first change', async () => {
  await mkdir(dataDir.path);
  await chmod(dataDir.path, 0o755);
  await registry.update('web', () => handle('web'));
  expect((await stat(dataDir.path)).mode & 0o777).toBe(0o700);
});
