import { describe, expect, it } from '@jest/globals';
import { machineFor, machineUuid, refuseUnsupported } from '../../src/machine.js';
import { handle } from '../support/handle.js';
import { makeError } from '../support/plugin-host.js';

const PARTS = {
  accelerator: 'tcg',
  firmware: undefined,
  settings: { binary: undefined, accelerator: undefined, diskCache: 'writeback', sandbox: true },
  qmpSocketPath: '/short/qmp.sock',
  consoleSocketPath: '/short/console.sock',
  sshHostPort: 41022,
  root: false,
} as const;

describe('machineFor', () => {
  it('is made of the handle, the host and the settings', () => {
    expect(machineFor(handle(), PARTS)).toEqual({
      name: 'web',
      uuid: '3b0c7a52-6d7e-4b8f-9a51-0c1d2e3f4a5b',
      accelerator: 'tcg',
      vcpus: 2,
      memoryMb: 2048,
      disk: { path: '/vms/web/overlay.qcow2', cache: 'writeback' },
      seedPath: '/vms/web/seed.iso',
      firmware: undefined,
      network: { type: 'user', forwards: [{ address: '127.0.0.1', host: 41022, guest: 22 }] },
      macAddress: '52:54:00:ab:cd:ef',
      qmpSocketPath: '/short/qmp.sock',
      consoleSocketPath: '/short/console.sock',
      consoleLogPath: '/vms/web/console.log',
      pidFilePath: '/vms/web/pidfile',
      sandbox: 'strict',
    });
  });

  it('forwards what the user wants beside SSH', () => {
    const vm = handle({ forwards: [{ address: '0.0.0.0', host: 8080, guest: 80 }] });
    expect(machineFor(vm, { ...PARTS, sshHostPort: null }).network).toEqual({
      type: 'user',
      forwards: [{ address: '0.0.0.0', host: 8080, guest: 80 }],
    });
  });

  it.each([
    ['user', false, true, 'strict'],
    ['none', true, true, 'strict'],
    // The setuid bridge helper gets no rights from within any sandbox.
    ['tap', false, true, 'off'],
    ['tap', true, true, 'with-helper'],
    ['user', false, false, 'off'],
    ['tap', true, false, 'off'],
  ] as const)(
    'with network %s, as root %s, wanted %s, has the sandbox %4$s',
    (type, root, sandbox, expected) => {
      const network = type === 'tap' ? { type, bridge: 'br0' } : { type };
      const settings = { ...PARTS.settings, sandbox };
      expect(machineFor(handle({ network }), { ...PARTS, root, settings }).sandbox).toBe(expected);
    },
  );

  it('has variables of its own and the code of the host for UEFI', () => {
    const firmware = { codePath: '/ovmf/CODE.fd', templatePath: '/ovmf/VARS.fd' };
    expect(machineFor(handle(), { ...PARTS, firmware }).firmware).toEqual({
      codePath: '/ovmf/CODE.fd',
      variablesPath: '/vms/web/efivars.fd',
    });
  });
});

describe('machineUuid', () => {
  it('is the one in the id', () => {
    expect(machineUuid('qemu-3B0C7A52-6d7e-4b8f-9a51-0c1d2e3f4a5b')).toBe(
      '3b0c7a52-6d7e-4b8f-9a51-0c1d2e3f4a5b',
    );
  });

  it('is made from an id that has none, always the same', () => {
    expect(machineUuid('vm-17')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(machineUuid('vm-17')).toBe(machineUuid('vm-17'));
    expect(machineUuid('vm-17')).not.toBe(machineUuid('vm-18'));
  });
});

describe('refuseUnsupported', () => {
  const check = (vm: Parameters<typeof refuseUnsupported>[1]) => () =>
    refuseUnsupported({ error: makeError }, vm);
  const refusal = expect.objectContaining({ code: 'VMCTL_BACKEND_UNSUPPORTED' });
  const forward = { address: '127.0.0.1', host: 8080, guest: 80 };

  it('lets pass what QEMU can do', () => {
    check({
      name: 'web',
      network: { type: 'user' },
      forwards: [forward, { ...forward, address: '0.0.0.0' }],
    })();
    check({ name: 'web', network: { type: 'tap', bridge: 'br0' } })();
    check({ name: 'web', network: { type: 'none' }, forwards: [] })();
  });

  it('refuses the rest', () => {
    expect(check({ name: 'web', network: { type: 'vnic', name: 'vnic0' } })).toThrow(refusal);
    expect(check({ name: 'web', network: { type: 'none' }, forwards: [forward] })).toThrow(refusal);
    for (const address of ['::1', 'localhost', '127.0.0.1,hostfwd=x', '']) {
      expect(check({ name: 'web', network: { type: 'user' }, forwards: [{ ...forward, address }] })).toThrow(
        refusal,
      );
    }
  });
});
