import { describe, expect, it } from '@jest/globals';
import type { VmHandle, VmStateName } from '../../../../src/hypervisor/contract.js';
import type { DeclaredSettings } from '../../../../src/hypervisor/declared-settings.js';
import type { SettingFacts } from '../../../../src/operations/plan/settings.js';
import { planVm } from '../../../../src/operations/plan/vm-plan.js';
import type { VmDefinition } from '../../../../src/vmfile/model.js';

type State = Exclude<VmStateName, 'destroyed'>;

const GIB = 2 ** 30;
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2v me@example';
const OTHER_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPq7 you@example';

const seed = { hostname: 'web', user: 'admin', authorized_key: KEY, user_data: null };

const declared: DeclaredSettings = {
  image: '/images/noble.img',
  disk_bytes: 20 * GIB,
  cloud_init: seed,
  ssh_user: 'admin',
  ssh_private_key: '/keys/id',
};

const handle: VmHandle = {
  id: 'qemu-1',
  name: 'web',
  backend: 'qemu',
  work_dir: '/d/vms/web',
  overlay_path: '/d/vms/web/overlay.qcow2',
  seed_iso_path: '/d/vms/web/seed.iso',
  pid: 1,
  qmp_socket: null,
  console_socket: null,
  vnc_addr: null,
  vcpus: 2,
  memory_mb: 1024,
  disk_gb: 20,
  network: { type: 'user' },
  ssh_host_port: 40_000,
  mac_addr: '52:54:00:00:00:01',
  uefi: false,
  forwards: [{ address: '127.0.0.1', host: 8080, guest: 80 }],
  added_forwards: [],
  image_path: '/images/noble.img',
  vmfile: '/p/VMFile.kdl',
  created_at: '2026-11-20T13:29:01.123Z',
  booted: true,
  up_pending: false,
  provisioned: {},
  declared,
};

const definition: VmDefinition = {
  name: 'web',
  image: { kind: 'path', path: '/images/noble.img' },
  vcpus: 2,
  memoryMb: 1024,
  diskBytes: 20 * GIB,
  backend: 'qemu',
  firmware: 'bios',
  dependsOn: [],
  network: { type: 'user' },
  forwards: [{ address: '127.0.0.1', host: 8080, guest: 80 }],
  cloudInit: { hostname: 'web', sshKeyPath: '/keys/id.pub', userDataPath: undefined },
  ssh: { declared: true, user: 'admin', privateKeyPath: '/keys/id', timeoutSeconds: 120 },
  provision: [],
  extensions: {},
};

const facts: SettingFacts = {
  image: { source: '/images/noble.img', realPath: '/images/noble.img' },
  base: { source: '/images/noble.img', sha256: undefined },
  cloudInit: seed,
  vmfile: { own: '/project/VMFile.kdl', other: undefined },
  defaults: { firmware: 'bios', network: { type: 'user' } },
  diskGrows: false,
  liveForwards: true,
};

interface Case {
  readonly state?: State;
  readonly handle?: Partial<VmHandle>;
  readonly definition?: Partial<VmDefinition>;
  readonly facts?: Partial<SettingFacts>;
  readonly provision?: boolean;
}

function plan(given: Case) {
  return planVm({
    definition: { ...definition, ...given.definition },
    existing: {
      handle: { ...handle, ...given.handle },
      state: given.state ?? 'running',
      facts: { ...facts, ...given.facts },
    },
    provision: given.provision ?? true,
  });
}

/** Changes as `setting: from -> to (effect)`. */
function changes(given: Case): string[] {
  return plan(given).changes.map(
    ({ setting, from, to, effect }) => `${setting}: ${from} -> ${to} (${effect})`,
  );
}

const url = (sha256?: string): VmDefinition['image'] => ({
  kind: 'url',
  url: 'https://example.org/noble.img',
  ...(sha256 === undefined ? {} : { sha256 }),
});
const ofUrl = {
  image: { source: 'https://example.org/noble.img', realPath: undefined },
  base: { source: 'https://example.org/noble.img', sha256: 'a'.repeat(64) },
};

describe('what up does with a VM', () => {
  const all = ['resolve', 'prepare', 'start', 'ready', 'provision'];

  it('makes one that is not there', () => {
    expect(planVm({ definition, existing: undefined, provision: true })).toEqual({
      action: 'create',
      stages: all,
      changes: [],
    });
  });

  it.each<[State, string, readonly string[]]>([
    ['running', 'none', []],
    ['suspended', 'resume', ['start', 'ready', 'provision']],
    ['stopped', 'start', all],
    ['prepared', 'start', all],
    ['failed', 'start', all],
    ['preparing', 'start', all],
  ])('does the right thing with one that is %s and as its VMFile says', (state, action, stages) => {
    expect(plan({ state })).toEqual({ action, stages, changes: [] });
  });

  it('goes on with a running one whose last up did not end', () => {
    const pending = { handle: { up_pending: true } };
    expect(plan(pending)).toMatchObject({ action: 'continue', stages: ['ready', 'provision'] });
    expect(plan({ ...pending, provision: false })).toMatchObject({ action: 'continue', stages: ['ready'] });
  });

  it('changes a running one for what counts at once, and leaves it alone for anything else', () => {
    expect(plan({ definition: { forwards: [] } })).toMatchObject({ action: 'update', stages: [] });
    expect(plan({ definition: { memoryMb: 2048 } })).toMatchObject({ action: 'none', stages: [] });
  });
});

describe('an edit of the VMFile', () => {
  it.each<[string, Case, readonly string[]]>([
    ['vcpus', { definition: { vcpus: 4 } }, ['vcpus: 2 -> 4']],
    ['memory', { definition: { memoryMb: 2048 } }, ['memory: 1024 MiB -> 2048 MiB']],
    [
      'a disk that can grow',
      { definition: { diskBytes: 40 * GIB }, facts: { diskGrows: true } },
      ['disk: 20 GiB -> 40 GiB'],
    ],
    ['the kind of network', { definition: { network: { type: 'none' } } }, ['network: user -> none']],
    [
      'the bridge',
      {
        handle: { network: { type: 'tap', bridge: 'br0' } },
        definition: { network: { type: 'tap', bridge: 'br1' } },
      },
      ['network: tap br0 -> tap br1'],
    ],
    [
      'forwards, where the backend cannot change them',
      { definition: { forwards: [] }, facts: { liveForwards: false } },
      ['forward: 127.0.0.1:8080 -> 80 -> null'],
    ],
    [
      'the network with its forwards',
      { definition: { network: { type: 'none' }, forwards: [] } },
      ['network: user -> none', 'forward: 127.0.0.1:8080 -> 80 -> null'],
    ],
  ])('of %s takes effect at the next start', (_, given, expected) => {
    const as = (effect: string): string[] => expected.map((text) => `${text} (${effect})`);
    expect(changes({ ...given, state: 'running' })).toEqual(as('restart'));
    expect(changes({ ...given, state: 'suspended' })).toEqual(as('restart'));
    expect(changes({ ...given, state: 'stopped' })).toEqual(as('start'));
    expect(changes({ ...given, state: 'prepared' })).toEqual(as('start'));
    expect(changes({ ...given, state: 'failed' })).toEqual(as('start'));
  });

  it.each<[string, Case, readonly string[]]>([
    [
      'a new forward',
      { definition: { forwards: [...definition.forwards, { address: '0.0.0.0', host: 443, guest: 443 }] } },
      ['forward: null -> 0.0.0.0:443 -> 443'],
    ],
    [
      'a new forward of any free port',
      { definition: { forwards: [...definition.forwards, { address: '127.0.0.1', host: 0, guest: 22 }] } },
      ['forward: null -> 127.0.0.1:(any free port) -> 22'],
    ],
    [
      'a second forward of any free port to the same port of the guest',
      {
        definition: {
          forwards: [
            { address: '127.0.0.1', host: 0, guest: 80 },
            { address: '127.0.0.1', host: 0, guest: 80 },
          ],
        },
      },
      ['forward: null -> 127.0.0.1:(any free port) -> 80'],
    ],
    [
      'where a port leads',
      { definition: { forwards: [{ address: '127.0.0.1', host: 8080, guest: 8000 }] } },
      ['forward: 127.0.0.1:8080 -> 80 -> null', 'forward: null -> 127.0.0.1:8080 -> 8000'],
    ],
    [
      'the user, with user-data of its own',
      {
        handle: {
          declared: {
            ...declared,
            cloud_init: { ...seed, user: null, authorized_key: null, user_data: 'ab' },
          },
        },
        facts: { cloudInit: { ...seed, user: null, authorized_key: null, user_data: 'ab' } },
        definition: { ssh: { ...definition.ssh, user: 'root' } },
      },
      ['ssh user: admin -> root'],
    ],
    [
      'the private key',
      { definition: { ssh: { ...definition.ssh, privateKeyPath: undefined } } },
      ['ssh private-key: /keys/id -> null'],
    ],
  ])('of %s takes effect at once', (_, given, expected) => {
    const as = (effect: string): string[] => expected.map((text) => `${text} (${effect})`);
    expect(changes({ ...given, state: 'running' })).toEqual(as('now'));
    expect(changes({ ...given, state: 'suspended' })).toEqual(as('now'));
    expect(changes({ ...given, state: 'stopped' })).toEqual(as('start'));
  });

  it('finds no change in what the VMFile leaves to the backend', () => {
    const defaults = { firmware: 'uefi', network: { type: 'vnic' } } as const;
    const silent = { firmware: undefined, network: undefined, forwards: [] };
    const ofBackend: Case = {
      handle: { uefi: true, network: { type: 'vnic' }, forwards: [] },
      definition: silent,
      facts: { defaults },
    };
    expect(changes(ofBackend)).toEqual([]);
    const added = { address: '127.0.0.1', host: 9000, guest: 90 };
    expect(changes({ definition: silent, handle: { forwards: [added], added_forwards: [added] } })).toEqual(
      [],
    );
  });

  it.each<[string, Case, readonly string[]]>([
    [
      'the image',
      { facts: { image: { source: '/images/oracular.img', realPath: '/images/oracular.img' } } },
      ['image: /images/noble.img -> /images/oracular.img'],
    ],
    [
      'the checksum of the image',
      { definition: { image: url('b'.repeat(64)) }, facts: ofUrl },
      [`image sha256: ${'a'.repeat(64)} -> ${'b'.repeat(64)}`],
    ],
    ['a larger disk that cannot grow', { definition: { diskBytes: 40 * GIB } }, ['disk: 20 GiB -> 40 GiB']],
    ['a slightly larger disk', { definition: { diskBytes: 20.5 * GIB } }, ['disk: 20 GiB -> 20992 MiB']],
    ['a smaller disk', { definition: { diskBytes: 10 * GIB } }, ['disk: 20 GiB -> 10 GiB']],
    [
      'no size of the disk',
      { definition: { diskBytes: undefined } },
      ['disk: 20 GiB -> as large as the image'],
    ],
    ['the backend', { definition: { backend: 'noop' } }, ['backend: qemu -> noop']],
    ['the firmware', { definition: { firmware: 'uefi' } }, ['firmware: bios -> uefi']],
    [
      'no firmware, where the VM has another than its backend gives',
      { handle: { uefi: true }, definition: { firmware: undefined } },
      ['firmware: uefi -> bios'],
    ],
    [
      'the host name',
      { facts: { cloudInit: { ...seed, hostname: 'www' } } },
      ['cloud-init hostname: web -> www'],
    ],
    [
      'the key of the guest',
      { facts: { cloudInit: { ...seed, authorized_key: OTHER_KEY } } },
      ['cloud-init ssh-key: ssh-ed25519 …NTE5AAAAIJ2v me@example -> ssh-ed25519 …NTE5AAAAIPq7 you@example'],
    ],
    [
      'a generated key',
      { facts: { cloudInit: { ...seed, authorized_key: null } } },
      ['cloud-init ssh-key: ssh-ed25519 …NTE5AAAAIJ2v me@example -> a generated key'],
    ],
    [
      'user-data',
      { facts: { cloudInit: { ...seed, user: null, authorized_key: null, user_data: 'c'.repeat(64) } } },
      ['cloud-init user-data: null -> sha256 cccccccccccc'],
    ],
    [
      'the user that the seed makes',
      {
        definition: { ssh: { ...definition.ssh, user: 'dev' } },
        facts: { cloudInit: { ...seed, user: 'dev' } },
      },
      ['ssh user: admin -> dev'],
    ],
    [
      'no cloud-init block',
      { definition: { cloudInit: undefined }, facts: { cloudInit: null } },
      ['cloud-init: a seed -> null'],
    ],
    [
      'a first cloud-init block',
      { handle: { seed_iso_path: null, declared: { ...declared, cloud_init: null } } },
      ['cloud-init: null -> a seed'],
    ],
  ])('of %s takes effect in a new VM only', (_, given, expected) => {
    const as = expected.map((text) => `${text} (recreate)`);
    expect(changes({ ...given, state: 'running' })).toEqual(as);
    expect(changes({ ...given, state: 'stopped' })).toEqual(as);
  });
});

describe('no change', () => {
  it.each<[string, Case]>([
    [
      'a forward of any free port that has one',
      { definition: { forwards: [{ address: '127.0.0.1', host: 0, guest: 80 }] } },
    ],
    [
      'a forward that was added by hand',
      {
        handle: {
          forwards: [...definition.forwards, { address: '127.0.0.1', host: 9000, guest: 90 }],
          added_forwards: [{ address: '127.0.0.1', host: 9000, guest: 90 }],
        },
      },
    ],
    [
      'a forward that was added by hand and is in the VMFile now',
      {
        handle: { added_forwards: [{ address: '127.0.0.1', host: 8080, guest: 80 }] },
      },
    ],
    [
      'a backend that the VMFile does not name',
      { definition: { backend: undefined }, handle: { backend: 'noop' } },
    ],
    [
      'an image under another path to the same file',
      { facts: { image: { source: '/link.img', realPath: '/images/noble.img' } } },
    ],
    ['a checksum that the image has', { definition: { image: url('A'.repeat(64)) }, facts: ofUrl }],
    [
      'a vnic of any name',
      { handle: { network: { type: 'vnic', name: 'vnic3' } }, definition: { network: { type: 'vnic' } } },
    ],
    ['how long to wait for the guest', { definition: { ssh: { ...definition.ssh, timeoutSeconds: 600 } } }],
    ['files of the seed that cannot be read', { facts: { cloudInit: undefined } }],
  ])('is %s', (_, given) => {
    expect(changes(given)).toEqual([]);
  });

  it('is what a registry of another tool does not tell', () => {
    const foreign = {
      ...handle,
      declared: undefined,
      forwards: undefined,
      added_forwards: undefined,
      image_path: undefined,
      created_at: undefined,
      disk_gb: 18.3,
    };
    const existing = {
      handle: foreign as unknown as VmHandle, // undefined fields are those that are not there
      state: 'running' as const,
      facts: { ...facts, base: { source: undefined, sha256: undefined } },
    };
    const edited: VmDefinition = {
      ...definition,
      diskBytes: undefined,
      cloudInit: undefined,
      forwards: [{ address: '127.0.0.1', host: 1234, guest: 1 }],
      ssh: { ...definition.ssh, user: 'dev', privateKeyPath: '/keys/other' },
    };
    expect(planVm({ definition: edited, existing, provision: true }).changes).toEqual([]);
  });

  it('is a size of the disk that a backend has rounded, in a registry of an older version', () => {
    const given = { handle: { declared: undefined, disk_gb: 2 }, definition: { diskBytes: 1.5 * GIB } };
    // exactOptionalPropertyTypes: undefined hides the field of the example.
    expect(changes(given as unknown as Case)).toEqual([]);
    const larger = { ...given, definition: { diskBytes: 3 * GIB } };
    expect(changes(larger as unknown as Case)).toEqual(['disk: 2 GiB -> 3 GiB (recreate)']);
  });
});
