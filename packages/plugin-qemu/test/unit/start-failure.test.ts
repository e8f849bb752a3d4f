import { describe, expect, it } from '@jest/globals';
import { explainStartFailure } from '../../src/start-failure.js';

describe('explainStartFailure', () => {
  it('finds the port that is taken', () => {
    const stderr =
      "2026-11-20T13:56:28.688421Z qemu-system-x86_64: -netdev user,id=net0,hostfwd=tcp:127.0.0.1:40222-:22,hostfwd=tcp:127.0.0.1:40223-:80: Could not set up host forwarding rule 'tcp:127.0.0.1:40222-:22'";
    expect(explainStartFailure(stderr)).toEqual({
      kind: 'port',
      address: '127.0.0.1',
      port: 40222,
      guestPort: 22,
    });
  });

  it('reads a rule for all addresses', () => {
    expect(explainStartFailure("Could not set up host forwarding rule 'tcp::8080-:80'")).toEqual({
      kind: 'port',
      address: '0.0.0.0',
      port: 8080,
      guestPort: 80,
    });
  });

  // What QEMU 7.2 says, word for word.
  it.each([
    [
      "failed to parse default acl file `/etc/qemu/bridge.conf'\nqemu: -netdev bridge,id=n,br=vm0: bridge helper failed",
      /allow vm0/,
    ],
    ["failed to get mtu of bridge `vm0': No such device\nbridge helper failed", /ip link add vm0/],
    ["qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory", /less memory/],
    ["Invalid SMP CPUs 1000. The max CPUs supported by machine 'pc-q35-7.2' is 288", /vcpus/],
    ['Failed to get "write" lock\nIs another process using the image [/x/overlay.qcow2]?', /Another process/],
    ['Failed to get shared "write" lock', /Another process/],
    ["Could not open '/nonexist/x.qcow2': No such file or directory", /gone/],
    ['Could not access KVM kernel module: Permission denied', /VMCTL_QEMU_ACCEL=tcg/],
    [
      'ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy\nfailed to initialize kvm: Device or resource busy',
      /Another hypervisor/,
    ],
    ['failed to set MSR 0x10a to 0x69', /VMCTL_QEMU_ACCEL=tcg/],
    ['Image is not in qcow2 format', /damaged/],
    ['cannot create PID file: Cannot lock pid file: Resource temporarily unavailable', /work directory/],
  ])('has a hint for %j', (stderr, hint) => {
    expect(explainStartFailure(stderr, 'vm0')).toEqual({ kind: 'other', hint: expect.stringMatching(hint) });
  });

  it('has none for what it does not know', () => {
    expect(explainStartFailure('something new')).toEqual({ kind: 'other', hint: undefined });
  });
});
