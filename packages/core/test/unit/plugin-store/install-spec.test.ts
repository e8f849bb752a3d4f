import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  entryFields,
  npmArgument,
  readInstallSpec,
  specText,
} from '../../../src/plugin-store/install-spec.js';

describe('what the user wants installed', () => {
  let cwd: string;

  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'vmctl-spec-'));
    await mkdir(join(cwd, 'nix'));
    await mkdir(join(cwd, 'empty'));
    for (const folder of ['.', 'nix']) await writeFile(join(cwd, folder, 'package.json'), '{}');
    await writeFile(join(cwd, 'nix-1.0.0.tgz'), '');
  });

  afterAll(async () => {
    await rm(cwd, { recursive: true });
  });

  it.each([
    ['nix', 'nix', 'latest'],
    ['nix@^1.2', 'nix', '^1.2'],
    ['@acme/nix', '@acme/nix', 'latest'],
    ['@acme/nix@next', '@acme/nix', 'next'],
    ['@acme/nix@>=1 <3', '@acme/nix', '>=1 <3'],
  ])('is a package of the registry: %s', async (text, name, tag) => {
    expect(await readInstallSpec(text, cwd)).toEqual({ kind: 'registry', name, tag });
  });

  it.each([
    ['./nix', 'folder', 'nix'],
    ['.', 'folder', ''],
    ['file:nix', 'folder', 'nix'],
    ['nix-1.0.0.tgz', 'tarball', 'nix-1.0.0.tgz'],
    ['./nix-1.0.0.tgz', 'tarball', 'nix-1.0.0.tgz'],
  ])('is a path, from the working directory on: %s', async (text, kind, path) => {
    expect(await readInstallSpec(text, cwd)).toEqual({ kind, path: join(cwd, path).replace(/\/$/, '') });
  });

  it('is a file URL', async () => {
    expect(await readInstallSpec(`file://${cwd}/nix`, '/')).toEqual({
      kind: 'folder',
      path: join(cwd, 'nix'),
    });
  });

  it.each([
    'https://example.org/nix-1.0.0.tgz',
    'git+https://example.org/nix.git#v1.2.0',
    'git+ssh://git@example.org/nix.git',
    'git@example.org:acme/nix.git',
    'github:acme/nix',
    'acme/nix#main',
  ])('is a URL that npm understands: %s', async (url) => {
    expect(await readInstallSpec(url, cwd)).toEqual({ kind: 'url', url });
  });

  it.each(['', ' ', '--global', '-g', 'nix@npm:other@1', 'two words'])('is refused: "%s"', async (text) => {
    await expect(readInstallSpec(text, cwd)).rejects.toMatchObject({ code: 'VMCTL_USAGE' });
  });

  it('is not vmctl itself', async () => {
    await expect(readInstallSpec('@vmctl/core@1.0.0', cwd)).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_INVALID',
      hint: 'To update vmctl: npm install -g @vmctl/core@1.0.0',
    });
  });

  it.each(['./nothing', 'nothing.tgz', '/nowhere/at/all'])('is there, as %s is not', async (text) => {
    await expect(readInstallSpec(text, cwd)).rejects.toMatchObject({ code: 'VMCTL_PLUGIN_NOT_FOUND' });
  });

  it('is a package, as an empty folder is not', async () => {
    await expect(readInstallSpec('./empty', cwd)).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_INVALID',
      message: `${join(cwd, 'empty')} is not a package: there is no package.json in it.`,
    });
  });

  it.each(['@acme/nix@^1.2', './nix', './nix-1.0.0.tgz', 'git+https://example.org/nix.git#v1', 'acme/nix'])(
    'is read again from what the list keeps of it: %s',
    async (text) => {
      const spec = await readInstallSpec(text, cwd);
      const again = await readInstallSpec(specText({ name: '@acme/nix', ...entryFields(spec) }), '/');
      expect(again).toEqual(spec);
      expect(npmArgument(again)).toBe(npmArgument(spec));
    },
  );
});
