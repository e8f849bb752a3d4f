import { beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPlugin } from '../../../src/operations/create-plugin.js';
import { TOOLS } from '../../../src/operations/plugin-project/package-json.js';
import { PLUGIN_KINDS } from '../../../src/operations/plugin-project/plugin-kind.js';
import { readManifest } from '../../../src/plugins/manifest.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const repository = join(import.meta.dirname, '../../../../..');

const temporary = useTemporaryDirectory();
let cwd: string;
beforeEach(() => {
  cwd = temporary.path;
});

describe('createPlugin', () => {
  it('makes a directory that is called like the package', async () => {
    const created = await createPlugin({ name: '@acme/vmctl-provisioner-nix', kind: 'provisioner', cwd });
    expect(created).toMatchObject({ type: 'nix', directory: join(cwd, 'vmctl-provisioner-nix') });
    expect(await readdir(cwd)).toEqual(['vmctl-provisioner-nix']);
    const files = (await readdir(created.directory, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(created.directory.length + 1));
    expect(files.toSorted()).toEqual(created.files);
    expect(created.files).toEqual(
      expect.arrayContaining([
        '.github/workflows/ci.yml',
        '.gitignore',
        'LICENSE',
        'README.md',
        'src/plugin.ts',
      ]),
    );
  });

  it.each(PLUGIN_KINDS)('gives a %s straight tables in its README', async (kind) => {
    const { directory } = await createPlugin({ name: 'acme-x1', kind, type: 'a-rather-long-word', cwd });
    const readme = await readFile(join(directory, 'README.md'), 'utf8');
    const tables = readme.match(/(?:^\|.*\n)+/gm) ?? [];
    expect(tables.length).toBeGreaterThan(1);
    for (const table of tables) {
      const edges = table
        .trimEnd()
        .split('\n')
        .map((line) => [...line.matchAll(/\|/g)].map(({ index }) => index));
      expect(new Set(edges.map(String)).size).toBe(1);
    }
  });

  it.each(PLUGIN_KINDS)('leaves no word of the template in a %s', async (kind) => {
    const { directory, files } = await createPlugin({ name: 'acme-x1', kind, type: 'my-word', cwd });
    const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
    expect(texts.filter((text) => /template[-_]/i.test(text))).toEqual([]);
    expect(texts.join('\n')).toContain('my-word');
    expect(texts.join('\n')).toContain('acme-x1');
  });

  it.each(PLUGIN_KINDS)('writes a manifest for a %s that vmctl takes', async (kind) => {
    const { directory } = await createPlugin({ name: 'acme', kind, cwd });
    const { name, version, vmctl } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
    const result = readManifest({ name, version, vmctl, root: directory, origin: 'link' });
    expect(result).toMatchObject({ ok: true });
  });

  it('builds with the tools that vmctl is built with', async () => {
    const { devDependencies } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'));
    expect(devDependencies).toMatchObject(TOOLS);
  });

  it('asks for this core or a newer one that fits, and never installs a second one', async () => {
    const { directory } = await createPlugin({ name: 'acme', kind: 'backend', cwd });
    const core = JSON.parse(await readFile(join(repository, 'packages/core/package.json'), 'utf8'));
    expect(JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))).toMatchObject({
      peerDependencies: { '@vmctl/core': `^${core.version}` },
      peerDependenciesMeta: { '@vmctl/core': { optional: true } },
      engines: core.engines,
      keywords: expect.arrayContaining(['vmctl-plugin']),
    });
  });

  it('fills an empty directory, which stays the one it is', async () => {
    await mkdir(join(cwd, 'plugins/nix'), { recursive: true });
    const create = () =>
      createPlugin({ name: 'nix', kind: 'provisioner', directory: '.', cwd: join(cwd, 'plugins/nix') });
    const { files } = await create();
    expect(new Set(await readdir(join(cwd, 'plugins/nix')))).toEqual(
      new Set(files.map((file) => file.split('/')[0])),
    );
    await expect(create()).rejects.toMatchObject({ code: 'VMCTL_DIRECTORY_NOT_EMPTY' });
  });

  it('makes the directories above', async () => {
    await createPlugin({ name: 'nix', kind: 'provisioner', directory: 'a/b/c', cwd });
    expect(await readdir(join(cwd, 'a/b'))).toEqual(['c']);
  });

  it('touches nothing where something is already', async () => {
    await mkdir(join(cwd, 'nix'));
    await writeFile(join(cwd, 'nix/precious'), 'mine');
    await expect(createPlugin({ name: 'nix', kind: 'backend', cwd })).rejects.toMatchObject({
      code: 'VMCTL_DIRECTORY_NOT_EMPTY',
      message: expect.stringContaining(join(cwd, 'nix')),
      hint: expect.stringContaining('--directory'),
    });
    expect(await readdir(cwd, { recursive: true })).toEqual(['nix', 'nix/precious']);
  });

  it.each([
    ['a file is where the project shall be', 'nix'],
    ['a file is above it', 'nix/below'],
  ])('writes nothing when %s', async (_what, directory) => {
    await writeFile(join(cwd, 'nix'), 'mine');
    await expect(createPlugin({ name: 'nix', kind: 'backend', directory, cwd })).rejects.toMatchObject({
      code: 'VMCTL_NOT_A_DIRECTORY',
    });
    expect(await readdir(cwd)).toEqual(['nix']);
  });

  it('leaves nothing behind when the project cannot be put in its place', async () => {
    await symlink(join(cwd, 'nowhere'), join(cwd, 'nix'));
    await expect(createPlugin({ name: 'nix', kind: 'backend', cwd })).rejects.toMatchObject({
      code: 'VMCTL_NOT_A_DIRECTORY',
    });
    expect(await readdir(cwd)).toEqual(['nix']);
  });

  it('takes away the directories above that it has made', async () => {
    const directory = join('new/above', 'x'.repeat(256));
    await expect(createPlugin({ name: 'nix', kind: 'backend', directory, cwd })).rejects.toMatchObject({
      code: 'VMCTL_FILE_FAILED',
    });
    expect(await readdir(cwd)).toEqual([]);
  });

  it.each([
    ['a name that npm refuses', { name: 'Nix' }],
    ['a name without a word', { name: 'vmctl-provisioner' }],
    ['a word that means something already', { name: 'nix', type: 'shell' }],
  ])('writes nothing for %s', async (_what, options) => {
    await expect(createPlugin({ kind: 'provisioner', cwd, ...options })).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_NAME_INVALID',
    });
    expect(await readdir(cwd)).toEqual([]);
  });
});
