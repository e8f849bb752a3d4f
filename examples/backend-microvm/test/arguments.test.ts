import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VmHandle } from '@vmctl/core/plugin';
import { qemuArguments } from '../dist/arguments.js';

const vm: VmHandle = {
  id: 'microvm-1',
  name: 'web',
  backend: 'microvm',
  work_dir: '/vms/a,b',
  overlay_path: '/vms/a,b/overlay.qcow2',
  seed_iso_path: '/vms/a,b/seed.iso',
  pid: null,
  qmp_socket: null,
  console_socket: null,
  vnc_addr: null,
  vcpus: 2,
  memory_mb: 512,
  disk_gb: null,
  network: { type: 'user' },
  ssh_host_port: 41022,
  mac_addr: '52:54:00:00:00:01',
  uefi: false,
  forwards: [{ address: '127.0.0.1', host: 8080, guest: 80 }],
};
const sockets = { qmp: '/run/q', console: '/run/c' };
const line = (changes: Partial<VmHandle> = {}): string =>
  qemuArguments({ ...vm, ...changes }, sockets, 'tcg').join(' ');

describe('the arguments of QEMU', () => {
  it('put commas of paths so that QEMU does not take them for the end of a value', () => {
    assert.match(line(), /filename=\/vms\/a,,b\/overlay\.qcow2 /);
    assert.match(line(), /-pidfile \/vms\/a,b\/pidfile /);
  });

  it('lead ports of this machine to the guest, and no others', () => {
    assert.match(line(), /user,id=net,hostfwd=tcp:127\.0\.0\.1:41022-:22,hostfwd=tcp:127\.0\.0\.1:8080-:80 /);
    assert.doesNotMatch(line({ network: { type: 'none' } }), /netdev/);
  });

  it('attach the seed read-only, where there is one', () => {
    assert.match(line(), /node-name=seed,read-only=on,/);
    assert.doesNotMatch(line({ seed_iso_path: null }), /seed/);
  });

  it('use the processor of this machine with KVM only', () => {
    assert.match(line(), /-accel tcg -cpu max /);
    assert.match(qemuArguments(vm, sockets, 'kvm').join(' '), /-accel kvm -cpu host /);
  });
});
