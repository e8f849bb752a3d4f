import { beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findValues, type ValueSources } from '../../../../src/cli/completion/find-values.js';
import type { ValueKind } from '../../../../src/cli/completion/value-kinds.js';
import { DataDir } from '../../../../src/state/data-dir.js';
import { useTemporaryDirectory } from '../../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
let sources: ValueSources;
beforeEach(async () => {
  await mkdir(join(directory.path, 'data/vmctl/images'), { recursive: true });
  await mkdir(join(directory.path, 'project/below'), { recursive: true });
  sources = {
    dataDir: () => Promise.resolve(new DataDir(join(directory.path, 'data/vmctl'))),
    cwd: join(directory.path, 'project/below'),
    plugins: [],
    tree: { commands: [], topics: {} },
  };
});

const write = (path: string, text: string) => writeFile(join(directory.path, path), text);

async function words(
  kind: ValueKind,
  context: { file?: string; names?: readonly string[]; args?: readonly string[] } = {},
) {
  const { file, names = [], args = [] } = context;
  return (await findValues(kind, { file, names, args }, sources)).map(({ word }) => word);
}

const VMFILE = `vm "web" { provision "shell" name="site"; provision "shell" name="setup" }
vm "db" { provision "shell" name="setup" }`;

describe('names for completion', () => {
  it('are those of the VMs that exist', async () => {
    await write('data/vmctl/vms.json', '{"web":{"backend":"qemu"},"db":{}}');
    expect(await findValues('vm', { file: undefined, names: [], args: [] }, sources)).toEqual([
      { word: 'web', about: 'qemu' },
      { word: 'db', about: '' },
    ]);
  });

  it('are the forwarded ports of the VM before', async () => {
    const forwards = [{ host: 8080, guest: 80 }, { host: 8443, guest: 443 }, 'none'];
    const registry = { web: { forwards }, db: { forwards: 'none' } };
    await write('data/vmctl/vms.json', JSON.stringify(registry));
    expect(await words('forward', { args: ['web'] })).toEqual(['8080', '8443']);
    for (const args of [['db'], ['nobody'], []]) expect(await words('forward', { args })).toEqual([]);
  });

  it('are those of the VMFile above, or of the one that was named', async () => {
    await write('project/VMFile.kdl', VMFILE);
    await write('project/lab.kdl', 'vm "lab"');
    expect(await words('declared-vm')).toEqual(['web', 'db']);
    expect(await words('declared-vm', { file: '../lab.kdl' })).toEqual(['lab']);
  });

  it('are the steps of the VMs that were named, else of all', async () => {
    await write('project/VMFile.kdl', VMFILE);
    expect(await words('step')).toEqual(['site', 'setup']);
    expect(await words('step', { names: ['db'] })).toEqual(['setup']);
  });

  it('are what `vmctl image list` calls an image', async () => {
    const start = '0123456789abcdef-fedcba9876543210-';
    for (const name of ['debian-12.qcow2', 'debian-12.qcow2.json', 'noble.img.json']) {
      await write(`data/vmctl/images/${start}${name}`, '{}');
    }
    expect((await words('image')).toSorted()).toEqual(['debian-12.qcow2', 'noble.img']);
  });

  it('are the backends and names of installed plugins', async () => {
    const plugin = {
      name: '@acme/plugin',
      version: '1.0.0',
      root: '/nowhere',
      origin: 'user',
      tag: undefined,
      content: {},
      vmctl: { contributes: { hypervisors: { acme: {} } } },
    } as const;
    sources = { ...sources, plugins: [plugin, { ...plugin, name: '@acme/broken', vmctl: 7 }] };
    expect(await words('backend')).toEqual(['acme']);
    expect(await words('plugin')).toEqual(['@acme/plugin', '@acme/broken']);
  });

  it('are none where nothing can be read', async () => {
    await write('data/vmctl/vms.json', 'not JSON');
    await mkdir(join(directory.path, 'project/VMFile.kdl'));
    for (const kind of ['vm', 'declared-vm', 'step', 'image', 'backend'] as const) {
      expect([kind, await words(kind)]).toEqual([kind, []]);
    }
  });
});
