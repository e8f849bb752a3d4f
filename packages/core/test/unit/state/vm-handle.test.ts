import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { VmHandle } from '../../../src/hypervisor/contract.js';
import { mergeEntry, parseHandle } from '../../../src/state/vm-handle.js';
import { exampleHandle } from '../../integration/state/example-handle.js';

const parse = (entry: unknown, name = 'web'): VmHandle | undefined =>
  parseHandle(entry, name, `/d/vms/${name}`)?.handle;

const seed = { hostname: 'web', user: 'vm', authorized_key: null, user_data: null };
const declared = {
  image: '/noble.img',
  disk_bytes: null,
  cloud_init: seed,
  ssh_user: 'vm',
  ssh_private_key: null,
};

describe('parseHandle', () => {
  it('reads what the other implementation writes, without a change', () => {
    const entry = exampleHandle('web', '/d');
    expect(parseHandle(entry, 'web', '/d/vms/web')).toEqual({ handle: entry, problems: [] });
  });

  it.each([
    [{ type: 'user' }],
    [{ type: 'tap', bridge: 'br0' }],
    [{ type: 'vnic', name: 'vnic0' }],
    [{ type: 'vnic' }],
    [{ type: 'none' }],
    [{ type: 'passt', since: 'a newer version' }],
  ])('takes the network %j as it is', (network) => {
    expect(parseHandle({ network }, 'web', '/w')).toMatchObject({ handle: { network }, problems: [] });
  });

  it.each(['/d/vms/web/', '/d//vms/web', '/d/vms/db/../web'])(
    'knows the work directory %s as its own',
    (path) => {
      expect(parse({ work_dir: path })?.work_dir).toBe('/d/vms/web');
    },
  );

  it('fills in what is missing', () => {
    expect(parse({})).toEqual({
      id: 'qemu-web',
      name: 'web',
      backend: 'qemu',
      work_dir: '/d/vms/web',
      overlay_path: null,
      seed_iso_path: null,
      pid: null,
      qmp_socket: null,
      console_socket: null,
      vnc_addr: null,
      vcpus: 1,
      memory_mb: 1024,
      disk_gb: null,
      network: { type: 'user' },
      ssh_host_port: null,
      mac_addr: null,
      uefi: false,
    });
  });

  it('takes a missing backend from the id', () => {
    expect(parse({ id: 'propolis-9f1c2d3e' })?.backend).toBe('propolis');
    expect(parse({ id: 'my-engine-9f1c2d3e-aaaa' })?.backend).toBe('my-engine');
  });

  it('goes by the key when the name inside is another one', () => {
    expect(parse({ name: 'db' })?.name).toBe('web');
  });

  it('keeps unknown fields at all levels', () => {
    const entry = {
      future: { a: [1] },
      network: { type: 'tap', bridge: 'br0', mtu: 9000 },
      forwards: [{ address: '127.0.0.1', host: 8080, guest: 80, note: 'site' }],
      backend_plugin: { name: '@acme/backend', version: '1.0.0', path: '/store/acme', since: 'today' },
      provisioned: { packages: { fingerprint: 'f', definition: 'd', finished_at: 't', seconds: 3 } },
      declared: { ...declared, cloud_init: { ...seed, since: 'today' }, extra: 1 },
    };
    expect(parse(entry)).toMatchObject(entry);
  });

  it.each([
    ['pid', 0],
    ['pid', -1],
    ['pid', 1.5],
    ['pid', '12'],
    ['vcpus', 0],
    ['vcpus', 'two'],
    ['memory_mb', -5],
    ['disk_gb', 'big'],
    ['ssh_host_port', 70_000],
    ['network', 'user'],
    ['network', { type: 'tap' }],
    ['network', null],
    ['uefi', 'yes'],
    ['work_dir', 'relative'],
    ['work_dir', null],
    ['id', ''],
    ['overlay_path', 5],
  ])('uses the default for a bad "%s" (%j), and says so', (field, value) => {
    const parsed = parseHandle({ [field]: value }, 'web', '/d/vms/web');
    expect(parsed?.handle[field]).toEqual(parse({})?.[field]);
    expect(parsed?.problems).toEqual([expect.stringContaining(`"${field}" cannot be `)]);
  });

  it.each([
    ['forwards', [{ host: 1 }]],
    ['provisioned', { step: true }],
    ['provisioned', []],
    ['provisioned', { step: { fingerprint: 'f', finished_at: 't', definition: 1 } }],
    ['declared', {}],
    ['declared', { ...declared, image: '' }],
    ['declared', { ...declared, disk_bytes: '20G' }],
    ['declared', { ...declared, cloud_init: { ...seed, hostname: null } }],
    ['declared', { ...declared, cloud_init: { ...seed, user_data: 7 } }],
    ['declared', { ...declared, ssh_user: null }],
    ['booted', 1],
    ['console_log_start', -1],
    ['console_log_start', '0'],
    ['ssh_user', {}],
    ['backend_plugin', '@acme/backend'],
    ['backend_plugin', { name: '@acme/backend', version: '1.0.0', path: 'relative' }],
  ])('leaves out a bad optional "%s" (%j)', (field, value) => {
    const parsed = parseHandle({ [field]: value }, 'web', '/w');
    expect(parsed?.handle[field]).toBeUndefined();
    expect(parsed?.problems).toHaveLength(1);
  });

  it.each([[null], ['text'], [7], [[]], [true]])('says that %j is no VM', (entry) => {
    expect(parseHandle(entry, 'web', '/w')).toBeUndefined();
  });

  it('says that an entry without any usable work directory is no VM', () => {
    expect(parseHandle({}, '../x', undefined)).toBeUndefined();
    expect(parseHandle({ work_dir: '/w' }, '../x', undefined)).toBeDefined();
  });

  it('never throws, and reads its own result the same way', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // As it comes from a file, in which -0 is 0.
        const entry: unknown = JSON.parse(JSON.stringify(value));
        const first = parse(entry);
        if (first !== undefined) expect(parse(JSON.parse(JSON.stringify(first)))).toEqual(first);
      }),
    );
    const fields = fc.record(
      {
        pid: fc.jsonValue(),
        network: fc.jsonValue(),
        forwards: fc.jsonValue(),
        provisioned: fc.jsonValue(),
        id: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fields, (entry) => {
        const first = parse(entry);
        const again = parseHandle(JSON.parse(JSON.stringify(first)), 'web', '/d/vms/web');
        expect(again).toEqual({ handle: JSON.parse(JSON.stringify(first)), problems: [] });
      }),
    );
  });
});

describe('mergeEntry', () => {
  const vm = exampleHandle('web', '/d');

  it('keeps what this version does not know, even when the new handle was made from nothing', () => {
    expect(mergeEntry({ ...vm, future: 1 }, vm, 'web')).toEqual({ ...vm, future: 1 });
    expect(mergeEntry({ future: 1 }, vm, 'web')).toEqual({ ...vm, future: 1 });
  });

  it('lets go of known fields that the new handle leaves out, and of unknown ones that it sets to undefined', () => {
    const merged = mergeEntry({ ...vm, pid_start_time: 'x', future: 1 }, { ...vm, future: undefined }, 'web');
    expect(JSON.parse(JSON.stringify(merged))).toEqual(vm);
  });

  it('keeps nothing of another VM of the same name', () => {
    expect(mergeEntry({ ...vm, id: 'qemu-other', future: 1 }, vm, 'web')).toEqual(vm);
  });

  it('does not let the name drift from the key', () => {
    expect(mergeEntry(undefined, vm, 'db')['name']).toBe('db');
  });
});
