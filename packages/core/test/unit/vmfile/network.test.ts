import { describe, expect, it } from '@jest/globals';
import { problemsIn, problemsWith, vmWith } from '../../support/vmfile.js';

describe('network', () => {
  it.each([
    ['"user"', { type: 'user' }],
    ['"tap"', { type: 'tap', bridge: 'br0' }],
    ['"tap" { bridge "br-lan" }', { type: 'tap', bridge: 'br-lan' }],
    ['"tap" bridge="br1"', { type: 'tap', bridge: 'br1' }],
    ['"vnic"', { type: 'vnic' }],
    ['"vnic" name="vnic0"', { type: 'vnic', name: 'vnic0' }],
    ['"none"', { type: 'none' }],
    ['"vnic" address="192.168.1.50"', { type: 'vnic', address: '192.168.1.50' }],
    ['"tap" address="fd00::5"', { type: 'tap', bridge: 'br0', address: 'fd00::5' }],
  ])('%s is %j', async (written, network) => {
    expect((await vmWith(`network ${written}`)).network).toEqual(network);
  });

  it('may be a property of the VM', async () => {
    expect((await vmWith('}\nvm b image=x network=none {')).name).toBe('web');
  });

  it('has a kind', async () => {
    expect(await problemsWith('network { forward host=1 guest=2 }')).toEqual([
      '3:1 network lacks its kind (Write network "user" or "tap" or "vnic" or "none")',
    ]);
  });

  it('has a kind that there is', async () => {
    expect(await problemsWith('network "nat"')).toEqual([
      '3:9 the kind must be "user", "tap", "vnic" or "none", not "nat"',
    ]);
  });

  it('is there once', async () => {
    expect(await problemsWith('network "user"\nnetwork "none"')).toEqual([
      '4:1 "network" is given twice in vm "web" (Keep one of them.)',
    ]);
  });

  it.each([
    [
      '"user" bridge="br0"',
      '3:16 unknown setting "bridge" in network "user" (It is a setting of network "tap".)',
    ],
    [
      '"tap" { forward host=1 guest=1 }',
      '3:17 unknown setting "forward" in network "tap" (It is a setting of network "user".)',
    ],
    ['"none" name="x"', '3:16 unknown setting "name" in network "none" (It is a setting of network "vnic".)'],
    ['"tap" brigde="br0"', '3:15 unknown setting "brigde" in network "tap" (Did you mean "bridge"?)'],
    [
      '"none" x="y"',
      '3:16 unknown setting "x" in network "none" (There is nothing to set in network "none".)',
    ],
  ])('refuses %s', async (written, problem) => {
    expect(await problemsWith(`network ${written}`)).toEqual([problem]);
  });

  it('takes an IP address as that of the guest, where the guest has one of its own', async () => {
    expect(await problemsWith('network "vnic" address="web.local"')).toEqual([
      '3:24 "address" must be the IP address of the guest, such as "192.168.1.50", not "web.local"',
    ]);
    expect(await problemsWith('network "user" address="192.168.1.50"')).toEqual([
      '3:16 unknown setting "address" in network "user" (It is a setting of network "tap" and network "vnic".)',
    ]);
  });

  it.each(['', 'br 0', 'br0,x=y', '-br0', 'a'.repeat(16), 'br/0'])(
    'refuses the bridge "%s"',
    async (name) => {
      expect(await problemsWith(`network "tap" bridge="${name}"`)).toEqual([
        `3:22 "bridge" must be the name of a network link (1 to 15 of a-z A-Z 0-9 . _ -), not "${name}"`,
      ]);
    },
  );
});

describe('forward', () => {
  const forwardsOf = async (forwards: string) => (await vmWith(`network "user" { ${forwards} }`)).forwards;

  it('binds to this machine alone by default', async () => {
    expect(await forwardsOf('forward host=8080 guest=80')).toEqual([
      { address: '127.0.0.1', host: 8080, guest: 80 },
    ]);
  });

  it.each(['0.0.0.0', '192.168.1.5', '::1', '::'])('may bind to %s', async (address) => {
    expect(await forwardsOf(`forward host=1 guest=65535 address="${address}"`)).toEqual([
      { address, host: 1, guest: 65535 },
    ]);
  });

  it('may leave the port to vmctl, any number of times', async () => {
    expect(await forwardsOf('forward host=0 guest=80; forward host=0 guest=80')).toHaveLength(2);
  });

  it('may have its settings as child nodes', async () => {
    expect(await forwardsOf('forward { host 1; guest 2 }')).toEqual([
      { address: '127.0.0.1', host: 1, guest: 2 },
    ]);
  });

  it.each([
    ['guest=80', ['4:1 forward needs "host" (Add it: host 8080)']],
    ['host=80', ['4:1 forward needs "guest" (Add it: guest 8080)']],
    ['host=-1 guest=80', ['4:14 "host" must be a port from 1 to 65535, or 0 for a free one, not -1']],
    ['host=65536 guest=80', ['4:14 "host" must be a port from 1 to 65535, or 0 for a free one, not 65536']],
    ['host=1 guest=0', ['4:22 "guest" must be a port from 1 to 65535, not 0']],
    ['host=1 guest=65536', ['4:22 "guest" must be a port from 1 to 65535, not 65536']],
    ['host=1.5 guest=1', ['4:14 "host" must be a whole number, not 1.5']],
    ['host="80" guest=1', ['4:14 "host" must be a whole number, not "80" (Write it without quotes: 80)']],
    [
      'host=1 guest=1 address="localhost"',
      [
        '4:32 "address" must be an IP address of this host such as "127.0.0.1", or "0.0.0.0" for all, not "localhost"',
      ],
    ],
    [
      '8080 80',
      [
        '4:1 forward needs "guest" (Add it: guest 8080)',
        '4:1 forward needs "host" (Add it: host 8080)',
        '4:9 unexpected argument 8080 in forward',
        '4:14 unexpected argument 80 in forward',
      ],
    ],
    [
      'host guest',
      [
        '4:1 forward needs "guest" (Add it: guest 8080)',
        '4:1 forward needs "host" (Add it: host 8080)',
        '4:9 unexpected argument "host" in forward (To set it, write host=…)',
        '4:14 unexpected argument "guest" in forward (To set it, write guest=…)',
      ],
    ],
    [
      'host=1 guest=1 protocol="udp"',
      ['4:24 unknown setting "protocol" in forward (Known here: host, guest, address.)'],
    ],
  ])('refuses %s', async (written, problems) => {
    expect(await problemsWith(`network "user" {\nforward ${written}\n}`)).toEqual(problems);
  });

  const file = (first: string, second: string) =>
    `vm a image=x {\nnetwork "user" { forward ${first} }\n}\nvm b image=x {\nnetwork "user" { forward ${second} }\n}`;

  it.each([
    ['host=1 guest=2', 'host=1 guest=3', '127.0.0.1'],
    ['host=1 guest=2 address="0.0.0.0"', 'host=1 guest=2', '0.0.0.0'],
    ['host=1 guest=2', 'host=1 guest=2 address="0.0.0.0"', '127.0.0.1'],
    ['host=1 guest=2 address="::1"', 'host=1 guest=2 address="0:0::1"', '::1'],
  ])('refuses a port that is taken: %s and %s', async (first, second, address) => {
    expect(await problemsIn(file(first, second))).toEqual([
      `5:31 port 1 of ${address} leads to vm "a" already (Choose another port, or host=0 for a free one.)`,
    ]);
  });

  it.each([
    ['host=1 guest=2', 'host=2 guest=2'],
    ['host=1 guest=2', 'host=1 guest=2 address="127.0.0.2"'],
    ['host=1 guest=2', 'host=1 guest=2 address="::1"'],
  ])('accepts %s beside %s', async (first, second) => {
    await expect(problemsIn(file(first, second))).rejects.toThrow('There was no error');
  });
});
