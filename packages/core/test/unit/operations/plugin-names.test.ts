import { describe, expect, it } from '@jest/globals';
import type { PluginKind } from '../../../src/operations/plugin-project/plugin-kind.js';
import {
  checkPackageName,
  checkWord,
  nameWithoutScope,
  wordFromName,
} from '../../../src/operations/plugin-project/plugin-names.js';

const invalid = expect.objectContaining({ code: 'VMCTL_PLUGIN_NAME_INVALID' });

describe('the name of a package', () => {
  it.each(['nix', 'my-provisioner', '@acme/vmctl-provisioner-nix', 'a.b_c~d', '2fa'])('can be %s', (name) => {
    expect(() => checkPackageName(name)).not.toThrow();
  });

  it.each([
    ['Nix', /capital letters/],
    ['', /npm takes/],
    ['.nix', /begins with none/],
    ['_nix', /begins with none/],
    ['@acme', /npm takes/],
    ['@acme/', /npm takes/],
    ['../nix', /npm takes/],
    ['a/b', /npm takes/],
    ['nix flake', /npm takes/],
    ['node_modules', /npm refuses it/],
    ['x'.repeat(215), /longer than 214/],
  ])('cannot be %j', (name, why) => {
    expect(() => checkPackageName(name)).toThrow(invalid);
    expect(() => checkPackageName(name)).toThrow(why);
  });

  it('loses its scope for the directory', () => {
    expect(nameWithoutScope('@acme/nix')).toBe('nix');
    expect(nameWithoutScope('nix')).toBe('nix');
  });
});

describe('the word that is taken from a name', () => {
  it.each<[PluginKind, string, string]>([
    ['provisioner', 'nix', 'nix'],
    ['provisioner', 'my-provisioner', 'my'],
    ['provisioner', '@acme/vmctl-provisioner-nix', 'nix'],
    ['provisioner', 'vmctl-plugin-nix', 'nix'],
    ['provisioner', 'nix-plugin', 'nix'],
    ['provisioner', 'vmctl-provisioner-backend', 'backend'],
    ['backend', '@acme/vmctl-backend-bhyve', 'bhyve'],
    ['backend', 'vmctl-hypervisor-bhyve', 'bhyve'],
    ['image-source', 'vmctl-image-source-s3', 's3'],
    ['image-source', 's3-source', 's3'],
    ['pipeline', 'vmctl-hosts-file', 'hosts-file'],
    ['pipeline', '@acme/vmctl-pipeline-facts', 'facts'],
  ])('of a %s, %s, is %s', (kind, name, word) => {
    expect(wordFromName(name, kind)).toBe(word);
  });

  it.each<[PluginKind, string]>([
    ['provisioner', 'vmctl-provisioner'],
    ['provisioner', '@acme/vmctl-plugin'],
    ['backend', 'my.backend'],
    ['image-source', 'vmctl-source-2fa'],
    ['provisioner', 'provisioner-shell'],
    ['backend', 'vmctl-backend-qemu'],
    ['image-source', 'vmctl-source-https'],
    ['pipeline', 'vmctl-pipeline-network'],
  ])('of a %s is not taken from %s, and --type is offered', (kind, name) => {
    expect(() => wordFromName(name, kind)).toThrow(
      expect.objectContaining({
        code: 'VMCTL_PLUGIN_NAME_INVALID',
        hint: expect.stringContaining('--type WORD'),
      }),
    );
  });
});

describe('a word that is given', () => {
  it('is taken as it is', () => {
    expect(checkWord('hosts-file', 'pipeline')).toBe('hosts-file');
  });

  it.each(['', 'Nix', 'a b', '-x', 'x-', 'a--b', 'a.b', '9p'])('cannot be %j', (word) => {
    expect(() => checkWord(word, 'provisioner')).toThrow(invalid);
  });

  it('cannot be one that vmctl has already, of the same kind', () => {
    expect(() => checkWord('file', 'image-source')).toThrow(/means something already/);
    expect(checkWord('file', 'backend')).toBe('file');
  });
});
