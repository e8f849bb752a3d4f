import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { AcceleratorProbe, obstacle } from '../../src/accelerator.js';
import { EmulationWarning } from '../../src/emulation-warning.js';
import { createContext, createPluginHost } from '../support/plugin-host.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';

const QEMU = { path: '/usr/bin/qemu-system-x86_64', fingerprint: 'qemu:1:2' };
const MISSING = obstacle('/dev/kvm', 'ENOENT');
const FORBIDDEN = obstacle('/dev/kvm', 'EACCES');

describe('the warning that guests are emulated', () => {
  const directory = useTemporaryDirectory();

  async function boot(id: string): Promise<void> {
    await writeFile(join(directory.path, 'boot_id'), `${id}\n`);
  }

  /** What one command is told that starts so many VMs. */
  async function told(emulation = MISSING, qemu = QEMU, vms = 1) {
    const host = createPluginHost(directory.path);
    const bootIdFile = join(directory.path, 'boot_id');
    const device = join(directory.path, 'kvm');
    const warning = new EmulationWarning(host, new AcceleratorProbe(host, { bootIdFile, device }));
    const ctx = createContext();
    await Promise.all(Array.from({ length: vms }, () => warning.say(emulation, qemu, ctx)));
    return ctx.seen;
  }

  it('comes once for many VMs, and not with the commands after that', async () => {
    await boot('first');
    expect(await told(MISSING, QEMU, 5)).toEqual([
      {
        type: 'warning',
        vm: undefined,
        code: 'VMCTL_QEMU_NO_KVM',
        message: expect.stringContaining('there is no /dev/kvm'),
        hint: expect.stringContaining('modprobe'),
      },
    ]);
    expect(await told()).toEqual([]);
  });

  it('comes again for another QEMU, another reason, and another boot of the host', async () => {
    await boot('first');
    expect(await told()).toHaveLength(1);
    expect(await told(MISSING, { ...QEMU, fingerprint: 'qemu:3:4' })).toHaveLength(1);
    expect(await told(FORBIDDEN, { ...QEMU, fingerprint: 'qemu:3:4' })).toHaveLength(1);
    await boot('second');
    expect(await told(FORBIDDEN, { ...QEMU, fingerprint: 'qemu:3:4' })).toHaveLength(1);
  });

  it('comes every time where that it came cannot be remembered', async () => {
    await boot('first');
    await rm(join(directory.path, 'cache'), { recursive: true, force: true });
    await writeFile(join(directory.path, 'cache'), 'a file, not a directory');
    expect(await told()).toHaveLength(1);
    expect(await told()).toHaveLength(1);
  });

  it('does not come where emulation was asked for', async () => {
    await boot('first');
    expect(await told({ ...MISSING, reason: 'chosen' })).toEqual([]);
  });
});
