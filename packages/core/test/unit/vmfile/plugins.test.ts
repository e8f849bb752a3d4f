import { describe, expect, it, jest } from '@jest/globals';
import { parseVmFile, type PluginLookups } from '../../../src/vmfile/read-vmfile.js';
import type { PluginRequirement } from '../../../src/vmfile/plugin-requirement.js';
import { HOME, NO_VM_NODES, parse, problemsIn, stubProvisioners, VMFILE_PATH } from '../../support/vmfile.js';

const VM = 'vm "web" { image "disk.qcow2" }';
const requires = async (lines: string) => (await parse(`plugins {\n${lines}\n}\n${VM}`)).plugins;
const problems = (lines: string) => problemsIn(`plugins {\n${lines}\n}\n${VM}`);

describe('plugins', () => {
  it('says which packages, with which versions, and which folders the file needs, in its order', async () => {
    expect(
      await requires(
        'require "@acme/vmctl-nix" "^1.2"\nrequire "./plugins/mine"\nrequire "vmctl-x" ">=2 <4"',
      ),
    ).toEqual([
      { kind: 'package', name: '@acme/vmctl-nix', range: '^1.2' },
      { kind: 'folder', written: './plugins/mine', path: '/project/plugins/mine' },
      { kind: 'package', name: 'vmctl-x', range: '>=2 <4' },
    ]);
  });

  it('is none in most files', async () => {
    expect((await parse(VM)).plugins).toEqual([]);
  });

  it.each([
    [
      'no range',
      'require "vmctl-x"',
      ['2:1 require "vmctl-x" lacks its range of versions (Write require "vmctl-x" "^1.2")'],
    ],
    [
      'a bad range',
      'require "vmctl-x" "newest"',
      [
        '2:19 the range must be a range of versions such as "^1.2", "~1.2.3", ">=1.2 <3" or "*", not "newest"',
      ],
    ],
    ['an empty range', 'require "vmctl-x" ""', [expect.stringContaining('2:19 the range must be')]],
    [
      'a range within the name',
      'require "@acme/x@^1.2"',
      [
        '2:9 the range of versions does not belong into the name: "@acme/x@^1.2" (Write require "@acme/x" "^1.2")',
      ],
    ],
    [
      'a name that npm refuses',
      'require "Acme X" "1"',
      [expect.stringContaining('2:9 "Acme X" cannot be the name of a package')],
    ],
    [
      'a URL',
      'require "git+https://example.org/x.git" "1"',
      [expect.stringContaining('2:9 only packages of a registry and folders')],
    ],
    [
      'an absolute path',
      'require "/opt/plugin"',
      [expect.stringContaining('2:9 only packages of a registry and folders')],
    ],
    [
      'vmctl itself',
      'require "@vmctl/core" "1"',
      ['2:9 "@vmctl/core" is vmctl itself, and no plugin (Leave it out.)'],
    ],
    [
      'a package twice',
      'require "x" "1"\nrequire "x" "2"',
      ['3:9 "x" is required twice (Keep one of them.)'],
    ],
    [
      'a folder twice',
      'require "./x"\nrequire "./y/../x"',
      ['3:9 "./y/../x" is required twice (Keep one of them.)'],
    ],
    [
      'a folder with a range',
      'require "./x" "1"',
      ['2:15 a folder has no range of versions: it is what it is (Write require "./x")'],
    ],
    [
      'an unknown child',
      'requier "x" "1"',
      ['2:1 unknown setting "requier" in plugins (Did you mean "require"?)'],
    ],
    ['a surplus value', 'require "x" "1" "2"', ['2:17 unexpected argument "2" in require "x"']],
    ['nothing', 'require', [expect.stringContaining('2:1 require lacks its package')]],
  ])('reports %s, with its place', async (_, lines, expected) => {
    expect(await problems(lines)).toEqual(expected);
  });

  it('reports a second block', async () => {
    expect(await problemsIn(`plugins\nplugins\n${VM}`)).toEqual([
      '2:1 "plugins" is given twice in the file (Keep one of them.)',
    ]);
  });
});

describe('what required plugins bring', () => {
  const nix = stubProvisioners({ nix: (node) => node.string('flake') });
  const text =
    'plugins { require "vmctl-nix" "1" }\nvm "web" {\n  image "a.img"\n  cloud-init\n  provision "nix" { flake "x" }\n  %\n}';
  const withPlugins = (lookups: Partial<PluginLookups>) =>
    jest.fn((_requirements: readonly PluginRequirement[], _isSound: boolean): Promise<PluginLookups> =>
      Promise.resolve({ provisioners: stubProvisioners(), vmNodes: NO_VM_NODES, ...lookups }),
    );
  const read = (source: string, lookup: ReturnType<typeof withPlugins>) =>
    parseVmFile(source, {
      path: VMFILE_PATH,
      homeDir: HOME,
      provisioners: stubProvisioners(),
      vmNodes: NO_VM_NODES,
      withPlugins: lookup,
    });

  it('is asked for once, before steps are decoded, and decodes them', async () => {
    const lookup = withPlugins({ provisioners: nix });
    const { vms } = await read(text.replace('%', ''), lookup);
    expect(vms[0]?.provision).toMatchObject([{ type: 'nix', config: 'x' }]);
    expect(lookup.mock.calls).toEqual([[[{ kind: 'package', name: 'vmctl-nix', range: '1' }], true]]);
  });

  it('is not installed for a file that has problems already', async () => {
    const lookup = withPlugins({ provisioners: nix });
    await expect(read(text.replace('%', 'vcpus 0'), lookup)).rejects.toThrow('vcpus');
    expect(lookup.mock.calls).toEqual([[expect.anything(), false]]);
  });

  it('is not asked for when the file requires nothing', async () => {
    const lookup = withPlugins({});
    await read(VM, lookup);
    expect(lookup).not.toHaveBeenCalled();
  });

  it('excuses what nobody brings while a plugin is missing, but not what is wrong in the rest', async () => {
    const lookup = withPlugins({ incomplete: true });
    const { vms } = await read(text.replace('%', 'hosts-file "x"'), lookup);
    expect(vms[0]?.provision).toEqual([]);
    await expect(read(text.replace('%', 'provision "file" { source "x" }'), lookup)).rejects.toThrow(
      'destination',
    );
  });
});
