import { describe, expect, it } from '@jest/globals';
import { parseNeighbours } from '../../../src/host/arp-output.js';
import { parseLinkNames, parseVnics } from '../../../src/host/dladm-output.js';
import { parseImageInfo } from '../../../src/host/image-info.js';
import { parseMacAddress } from '../../../src/host/mac-address.js';
import { parseVolumes } from '../../../src/host/zfs-output.js';
import { parseZones } from '../../../src/host/zoneadm-output.js';

const MAC = '02:08:20:0a:0b:0c';

describe('zfs list -Hp -o name,volsize,origin', () => {
  it.each([
    ['', []],
    [
      'rpool/a\t1048576\t-\n',
      [{ name: 'rpool/a', size: 1_048_576, origin: undefined, vmId: undefined, source: undefined }],
    ],
    [
      'rpool/b\t9007199254740991\trpool/i@base\tpropolis-1\t/vms/my web\n',
      [
        {
          name: 'rpool/b',
          size: 9_007_199_254_740_991,
          origin: 'rpool/i@base',
          vmId: 'propolis-1',
          source: '/vms/my web',
        },
      ],
    ],
    [
      'rpool/c\t512\t-\t-\t-\tanother column\n',
      [{ name: 'rpool/c', size: 512, origin: undefined, vmId: undefined, source: undefined }],
    ],
  ])('reads %j', (output, volumes) => {
    expect(parseVolumes(output)).toEqual(volumes);
  });

  it.each(['rpool/a\t1.5M\t-\n', 'rpool/a\t-\t-\n', 'rpool/a 512 -\n', 'rpool/a\t512\n', '\t512\t-\n'])(
    'does not make a volume of %j',
    (output) => {
      expect(() => parseVolumes(output)).toThrow(JSON.stringify(output.trimEnd()));
    },
  );
});

describe('dladm show-vnic -p -o link,over,macaddress', () => {
  it.each([
    ['', []],
    [String.raw`vmctl7:net0:2\:8\:20\:a\:b\:c` + '\n', [{ link: 'vmctl7', over: 'net0', macAddress: MAC }]],
    [String.raw`vmctl7:-:` + '\n', [{ link: 'vmctl7', over: undefined, macAddress: undefined }]],
    [
      String.raw`a\\b1:net0:02\:08\:20\:0A\:0B\:0C:more:fields` + '\n',
      [{ link: String.raw`a\b1`, over: 'net0', macAddress: MAC }],
    ],
  ])('reads %j', (output, vnics) => {
    expect(parseVnics(output)).toEqual(vnics);
  });

  it.each([
    'vmctl7:net0:2:8:20:a:b:c\n',
    'vmctl7:net0\n',
    ':net0:-\n',
    String.raw`v1:net0:not\:a\:mac` + '\n',
  ])('does not make a VNIC of %j', (output) => {
    expect(() => parseVnics(output)).toThrow(JSON.stringify(output.trimEnd()));
  });

  it('takes the one field of show-phys as it is, for there nothing is escaped', () => {
    expect(parseLinkNames('net0\nnet\\:1\n')).toEqual(['net0', String.raw`net\:1`]);
  });
});

describe('zoneadm list -cp', () => {
  it('reads zones that run, zones that do not, escaped paths, and passes over further fields', () => {
    const output = [
      '0:global:running:/::ipkg:shared',
      String.raw`-:web:installed:/zones/a\:b\\c:9f1f0c3a-0000-4000-8000-00000000000a:lipkg:excl:0:more`,
      '',
    ].join('\n');
    expect(parseZones(output)).toEqual([
      {
        id: 0,
        name: 'global',
        state: 'running',
        path: '/',
        uuid: undefined,
        brand: 'ipkg',
        ipType: 'shared',
      },
      {
        id: undefined,
        name: 'web',
        state: 'installed',
        path: String.raw`/zones/a:b\\c`,
        uuid: '9f1f0c3a-0000-4000-8000-00000000000a',
        brand: 'lipkg',
        ipType: 'excl',
      },
    ]);
  });

  it.each(['0:global:running:/\n', 'x:global:running:/::ipkg:shared\n', '0::running:/::ipkg:shared\n'])(
    'does not make a zone of %j',
    (output) => {
      expect(() => parseZones(output)).toThrow(JSON.stringify(output.trimEnd()));
    },
  );
});

describe('arp -an', () => {
  it('finds neighbours with flags and without, and passes over headings and entries that wait', () => {
    const output = `Net to Media Table: IPv4
Device   IP Address               Mask      Flags      Phys Addr
------ -------------------- --------------- -------- ---------------
net0   192.168.1.9          255.255.255.255 o        2:8:20:a:b:c
net0   192.168.1.7          255.255.255.255          02:08:20:00:00:01
net0   192.168.1.8          255.255.255.255 U
net0   224.0.0.0            240.0.0.0       SPLA     01:00:5e:00:00:00
`;
    expect(parseNeighbours(output)).toEqual([
      { address: '192.168.1.9', macAddress: MAC },
      { address: '192.168.1.7', macAddress: '02:08:20:00:00:01' },
      { address: '224.0.0.0', macAddress: '01:00:5e:00:00:00' },
    ]);
  });
});

describe('qemu-img info --output=json', () => {
  it('says format and size', () => {
    expect(parseImageInfo('{"virtual-size": 1048576, "format": "qcow2", "actual-size": 4}')).toEqual({
      format: 'qcow2',
      virtualSize: 1_048_576,
    });
  });

  it.each(['', 'qcow2', '[]', '{"format":"raw"}', '{"format":"raw","virtual-size":-1}', 'null'])(
    'is not %j',
    (output) => {
      expect(() => parseImageInfo(output)).toThrow(JSON.stringify(output));
    },
  );
});

it.each([
  ['2:8:20:a:b:c', MAC],
  ['02:08:20:0A:0B:0C', MAC],
  ['02-08-20-0a-0b-0c', MAC],
  ['2:8:20:a:b', undefined],
  ['2:8:20:a:b:c:d', undefined],
  ['2:8:20:a:b:123', undefined],
  ['2:8:20:a:b:', undefined],
  ['incomplete', undefined],
])('reads the MAC address %j as %j', (text, mac) => {
  expect(parseMacAddress(text)).toBe(mac);
});
