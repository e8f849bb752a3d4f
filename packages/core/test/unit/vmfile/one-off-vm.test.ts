import { describe, expect, it } from '@jest/globals';
import { defineOneOffVm, type OneOffVm } from '../../../src/vmfile/one-off-vm.js';

const FROM = { baseDir: '/project', homeDir: '/home/user' };

function define(changes: Partial<OneOffVm> = {}) {
  return defineOneOffVm({ name: 'web', image: 'disk.qcow2', ...changes }, FROM);
}

describe('a VM without a VMFile', () => {
  it('has the defaults of a VMFile, and a cloud-init that makes a user with a generated key', () => {
    expect(define()).toEqual({
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
      cloudInit: { hostname: 'web', sshKeyPath: undefined, userDataPath: undefined },
      ssh: { declared: false, user: 'vm', privateKeyPath: undefined, timeoutSeconds: 120 },
      provision: [],
      extensions: {},
    });
  });

  it.each<[Partial<OneOffVm>, object]>([
    [{ forwards: [{ address: '127.0.0.1', host: 8080, guest: 80 }] }, { network: { type: 'user' } }],
    [{ memory: 2048 }, { memoryMb: 2048 }],
    [{ memory: '2048' }, { memoryMb: 2048 }],
    [{ memory: '2GiB' }, { memoryMb: 2048 }],
    [{ disk: '20' }, { diskBytes: 20 * 2 ** 30 }],
    [{ disk: '512M' }, { diskBytes: 512 * 2 ** 20 }],
    [{ vcpus: 4 }, { vcpus: 4 }],
    [{ bridge: 'br0' }, { network: { type: 'tap', bridge: 'br0' } }],
    [{ sshKey: '~/.ssh/id.pub' }, { cloudInit: { sshKeyPath: '/home/user/.ssh/id.pub' } }],
    [{ cloudInit: 'user.yaml' }, { cloudInit: { userDataPath: '/project/user.yaml' } }],
    [{ user: 'admin' }, { ssh: { user: 'admin' } }],
    [{ name: 'my_vm.' }, { name: 'my_vm.', cloudInit: { hostname: 'my-vm' } }],
    [
      { image: undefined, imageUrl: 'https://example.org/a' },
      { image: { kind: 'url', url: 'https://example.org/a' } },
    ],
    [
      { forwards: [{ address: '127.0.0.1', host: 0, guest: 80 }] },
      { forwards: [{ address: '127.0.0.1', host: 0, guest: 80 }] },
    ],
  ])('with %j is %j', (given, expected) => {
    expect(define(given)).toMatchObject(expected);
  });

  it.each<[Partial<OneOffVm>, string]>([
    [{ image: undefined }, '"image" or image-url has to be given'],
    [{ imageUrl: 'https://example.org/a' }, 'one of them alone'],
    [{ sha256: 'a'.repeat(64) }, '"sha256" belongs to image-url'],
    [{ image: undefined, imageUrl: 'disk.img' }, '"image-url" must begin with a scheme'],
    [{ image: undefined, imageUrl: 'https://example.org/a', sha256: 'abc' }, 'must be 64 hexadecimal digits'],
    [{ memory: 'lots' }, '"memory" must be a size'],
    [{ memory: 0 }, '"memory" must be above 0'],
    [{ disk: '-1' }, '"disk" must be a size'],
    [{ vcpus: 0 }, '"vcpus" must be from 1 to 4096'],
    [{ vcpus: 1.5 }, '"vcpus" must be a whole number'],
    [{ bridge: 'a/b' }, '"bridge" must be the name of a network link'],
    [{ user: 'ro ot' }, '"user" must be a user name'],
    [{ sshKey: 'a.pub', cloudInit: 'b' }, '"ssh-key" has no effect beside cloud-init'],
    [{ forwards: [{ address: 'localhost', host: 1, guest: 1 }] }, 'must be an IP address'],
    [{ forwards: [{ address: '127.0.0.1', host: 70_000, guest: 1 }] }, 'must be a port from 1 to 65535'],
    [{ forwards: [{ address: '127.0.0.1', host: 1, guest: 0 }] }, 'must be a port from 1 to 65535'],
    [
      { bridge: 'br0', forwards: [{ address: '127.0.0.1', host: 1, guest: 1 }] },
      '"forward" needs user networking',
    ],
  ])('cannot have %j', (given, message) => {
    expect(() => define(given)).toThrow(
      expect.objectContaining({ code: 'VMCTL_USAGE', message: expect.stringContaining(message) }),
    );
  });
});
