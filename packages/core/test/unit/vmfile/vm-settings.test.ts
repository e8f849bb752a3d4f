import { describe, expect, it } from '@jest/globals';
import { parse, problemsIn, problemsWith, vmWith } from '../../support/vmfile.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

describe('a vm node', () => {
  it('has defaults for all but its name and its image', async () => {
    expect(await parse('vm "web" { image "disk.qcow2" }')).toEqual({
      path: '/project/VMFile.kdl',
      baseDir: '/project',
      plugins: [],
      vms: [
        {
          name: 'web',
          image: { kind: 'path', path: '/project/disk.qcow2' },
          vcpus: 1,
          memoryMb: 1024,
          diskBytes: undefined,
          backend: undefined,
          firmware: undefined,
          dependsOn: [],
          network: undefined,
          forwards: [],
          cloudInit: undefined,
          ssh: { declared: false, user: 'vm', privateKeyPath: undefined, timeoutSeconds: 120 },
          provision: [],
          extensions: {},
        },
      ],
    });
  });

  it('takes settings as child nodes and as properties alike', async () => {
    const children = await parse('vm web { image "a"; vcpus 2; memory "2GiB"; firmware uefi; backend qemu }');
    const properties = await parse('vm web image="a" vcpus=2 memory="2GiB" firmware=uefi backend=qemu');
    expect(properties).toEqual(children);
    expect(children.vms[0]).toMatchObject({ vcpus: 2, memoryMb: 2048, firmware: 'uefi', backend: 'qemu' });
  });

  it('can be there several times', async () => {
    const { vms } = await parse('vm a image=x\nvm b image=x\n');
    expect(vms.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it.each(['a', '9', 'web-1.example_x', `a${'b'.repeat(62)}`])('may be called %s', async (name) => {
    const { vms } = await parse(`vm "${name}" image=x`);
    expect(vms[0]?.name).toBe(name);
  });

  it.each(['../x', '.x', '-x', '_x', 'a/b', 'a b', 'é', '', `a${'b'.repeat(63)}`])(
    'cannot be called "%s"',
    async (name) => {
      const shown = name.length > 60 ? `${name.slice(0, 57)}…` : name;
      expect(await problemsIn(`vm "${name}" image=x`)).toEqual([
        `1:4 the name must be 1 to 63 of a-z A-Z 0-9 . _ - and begin with a letter or digit, not "${shown}"`,
      ]);
    },
  );

  it('needs a name', async () => {
    expect(await problemsIn('vm image=x')).toEqual(['1:1 vm lacks its name (Write vm "…")']);
  });

  it('needs a name that is text', async () => {
    expect(await problemsIn('vm 1 image=x')).toEqual([
      '1:4 the name must be text, not 1 (Put it in quotes: "1")',
    ]);
  });

  it('takes one name only', async () => {
    expect(await problemsIn('vm a b image=x')).toEqual(['1:6 unexpected argument "b" in vm "a"']);
  });

  it('shares its name with no other', async () => {
    expect(await problemsIn('vm a image=x\nvm b image=x\nvm a image=x')).toEqual([
      '3:4 two VMs are called "a"',
    ]);
  });
});

describe('vcpus', () => {
  it.each([1, 2, 4096])('may be %s', async (count) => {
    expect(await vmWith(`vcpus ${count}`)).toMatchObject({ vcpus: count });
  });

  it.each([
    ['0', 'must be from 1 to 4096, not 0'],
    ['-1', 'must be from 1 to 4096, not -1'],
    ['4097', 'must be from 1 to 4096, not 4097'],
    ['1.5', 'must be a whole number, not 1.5'],
    ['9007199254740993', 'is too large: 9007199254740993'],
    ['1e400', 'must be a whole number, not 1e400'],
    ['#nan', 'must be a whole number, not #nan'],
    ['#true', 'must be a whole number, not #true'],
    ['#null', 'must be a whole number, not #null'],
    ['two', 'must be a whole number, not "two"'],
    ['"2"', 'must be a whole number, not "2" (Write it without quotes: 2)'],
  ])('cannot be %s', async (written, complaint) => {
    expect(await problemsWith(`vcpus ${written}`)).toEqual([`3:7 "vcpus" ${complaint}`]);
  });
});

describe('memory', () => {
  it.each([
    ['2048', 2048],
    ['"2GiB"', 2048],
    ['"2GB"', 2048],
    ['"2G"', 2048],
    ['"2g"', 2048],
    ['"2 GiB"', 2048],
    ['"512M"', 512],
    ['"512MiB"', 512],
    ['"1.5GiB"', 1536],
    ['"1T"', 1024 * 1024],
    ['1', 1],
    ['0x400', 1024],
  ])('%s is %s MiB', async (written, mib) => {
    expect(await vmWith(`memory ${written}`)).toMatchObject({ memoryMb: mib });
  });

  it.each([
    ['0', 'must be above 0, not 0'],
    ['-1', 'must be above 0, not -1'],
    ['"0G"', 'must be above 0, not "0G"'],
    ['1.5', 'must be a whole number of MiB, not 1.5'],
    ['"0.3M"', 'must be a whole number of MiB, not "0.3M"'],
    ['"17T"', 'is too large: "17T"; the most is 16 TiB'],
    ['99999999999999999999', 'is too large: 99999999999999999999; the most is 16 TiB'],
    ['#inf', 'must be a size such as 2048 (MiB) or "2GiB", not #inf'],
    [
      '"lots"',
      'must be a size such as 2048 (MiB) or "2GiB", not "lots" (Units are M, G and T, each with or without B or iB.)',
    ],
    [
      '"2KiB"',
      'must be a size such as 2048 (MiB) or "2GiB", not "2KiB" (Units are M, G and T, each with or without B or iB.)',
    ],
    [
      '"2048"',
      'must be a size such as 2048 (MiB) or "2GiB", not "2048" (Write 2048 without quotes, or with a unit: "2048MiB")',
    ],
  ])('cannot be %s', async (written, complaint) => {
    expect(await problemsWith(`memory ${written}`)).toEqual([`3:8 "memory" ${complaint}`]);
  });
});

describe('disk', () => {
  it.each([
    ['20', 20 * GIB],
    ['"20GiB"', 20 * GIB],
    ['"20GB"', 20 * GIB],
    ['"512M"', 512 * MIB],
    ['0.5', 512 * MIB],
  ])('%s is %s bytes', async (written, bytes) => {
    expect(await vmWith(`disk ${written}`)).toMatchObject({ diskBytes: bytes });
  });

  it.each([
    ['0', 'must be above 0, not 0'],
    ['-20', 'must be above 0, not -20'],
    ['0.0001', 'must be a whole number of MiB, not 0.0001'],
    ['1e9', 'is too large: 1e9; the most is 1024 TiB'],
    [
      '"20"',
      'must be a size such as 20 (GiB) or "2GiB", not "20" (Write 20 without quotes, or with a unit: "20GiB")',
    ],
  ])('cannot be %s', async (written, complaint) => {
    expect(await problemsWith(`disk ${written}`)).toEqual([`3:6 "disk" ${complaint}`]);
  });
});

describe('firmware', () => {
  it.each(['bios', 'uefi'])('may be %s', async (firmware) => {
    expect(await vmWith(`firmware "${firmware}"`)).toMatchObject({ firmware });
  });

  it('is nothing else', async () => {
    expect(await problemsWith('firmware "efi"')).toEqual([
      '3:10 "firmware" must be "bios" or "uefi", not "efi" (Did you mean "uefi"?)',
    ]);
  });
});

describe('backend', () => {
  it('is any name; whether there is such a one is not looked at', async () => {
    expect(await vmWith('backend "my-cloud"')).toMatchObject({ backend: 'my-cloud' });
  });

  it('is not empty', async () => {
    expect(await problemsWith('backend ""')).toEqual(['3:9 "backend" must be the name of a backend, not ""']);
  });
});

describe('what a vm node does not know', () => {
  it('is refused with the nearest name', async () => {
    expect(await problemsWith('memroy 2048')).toEqual([
      '3:1 unknown setting "memroy" in vm "web" (Did you mean "memory"?)',
    ]);
  });

  it('is refused as a property too', async () => {
    expect(await problemsIn('vm "web" image=x cpus=2')).toEqual([
      '1:18 unknown setting "cpus" in vm "web" (Did you mean "vcpus"?)',
    ]);
  });

  it('is refused with all names when none is near', async () => {
    expect(await problemsWith('colour "red"')).toEqual([
      '3:1 unknown setting "colour" in vm "web" (Known here: image, image-url, vcpus, memory, disk, backend, firmware, depends-on, network, cloud-init, ssh, provision. More nodes come with plugins: vmctl plugins install PACKAGE)',
    ]);
  });

  it('is refused at the top of the file', async () => {
    expect(await problemsIn('vm a image=x\nvn b image=x')).toEqual([
      '2:1 unknown node "vn" in the file (Did you mean "vm"?)',
    ]);
  });

  it('is explained when it stands beside a VM instead of in it', async () => {
    expect(await problemsIn('vm a image=x\nvcpus 2')).toEqual([
      '2:1 unknown node "vcpus" in the file (It belongs into a VM: vm "…" { vcpus … })',
    ]);
  });

  it('is explained when it belongs into the network', async () => {
    expect(await problemsWith('forward host=1 guest=2')).toEqual([
      '3:1 unknown setting "forward" in vm "web" (It belongs into the network: network "user" { forward host=… guest=… })',
    ]);
  });
});

describe('a setting', () => {
  it('is given once', async () => {
    expect(await problemsWith('vcpus 1\nvcpus 2\nvcpus 2')).toEqual([
      '4:1 "vcpus" is given twice in vm "web" (Keep one of them.)',
      '5:1 "vcpus" is given twice in vm "web" (Keep one of them.)',
    ]);
  });

  it('is given as a child node or as a property', async () => {
    expect(await problemsIn('vm a image=x vcpus=1 {\n  vcpus 2\n}')).toEqual([
      '1:14 "vcpus" is given twice in vm "a" (Keep the property or the child node.)',
    ]);
  });

  it('is given once as a property, although KDL lets the last one win', async () => {
    expect(await problemsIn('vm a image=x vcpus=1 vcpus=1')).toEqual([
      '1:22 "vcpus" is given twice (Keep one of them.)',
    ]);
  });

  it('has a value', async () => {
    expect(await problemsWith('vcpus')).toEqual(['3:1 "vcpus" needs a value (Write vcpus 2)']);
  });

  it('has one value', async () => {
    expect(await problemsWith('vcpus 1 2')).toEqual(['3:9 "vcpus" takes one value only']);
  });

  it('has no properties and no children', async () => {
    expect(await problemsWith('vcpus 1 a=1 { b }')).toEqual([
      '3:9 unknown setting "a" in vcpus (There is nothing to set in vcpus.)',
      '3:15 unknown setting "b" in vcpus (There is nothing to set in vcpus.)',
    ]);
  });

  it('has no type annotation', async () => {
    expect(await problemsWith('(a)vcpus (u8)1\nmemory 1\nnetwork (b)tap bridge=(c)"br0"')).toEqual([
      '3:1 the type annotation (a) has no meaning here (Leave it out.)',
      '3:10 the type annotation (u8) has no meaning here (Leave it out.)',
      '5:9 the type annotation (b) has no meaning here (Leave it out.)',
      '5:23 the type annotation (c) has no meaning here (Leave it out.)',
    ]);
  });

  it('cannot be called __proto__', async () => {
    expect(await problemsIn('vm a image=x __proto__=1')).toEqual(['1:14 unknown property "__proto__"']);
  });

  it('can be commented out', async () => {
    expect(await vmWith('/- vcpus 2\n/* memory 1 */ // disk 1')).toMatchObject({ vcpus: 1, memoryMb: 1024 });
    expect(await parse('vm a image=x /-vcpus=2 vcpus=3')).toMatchObject({ vms: [{ vcpus: 3 }] });
  });
});
