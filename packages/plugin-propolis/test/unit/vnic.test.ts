import { describe, expect, it } from '@jest/globals';
import { createFakeHost } from '@vmctl/core/testing';
import { createIllumosCommands } from '../../src/host/illumos-commands.js';
import { linkNameFor } from '../../src/host/link-name.js';
import type { VnicRecord } from '../../src/vm-record.js';
import { deleteVnic, ensureVnic } from '../../src/vnic.js';

const { signal } = new AbortController();
const VM = { name: 'web', workDir: '/vms/web' };
const MAC = '02:08:20:0a:0b:0c';

/** A host with these VNICs. */
function hostWith(...links: readonly string[]) {
  const host = createFakeHost({ platform: 'sunos' });
  const rows = links.map((link) => String.raw`${link}:net0:2\:8\:20\:a\:b\:c` + '\n');
  host.commands.on(/^pfexec dladm/, {}).on('dladm show-vnic', { stdout: rows.join('') });
  const changes = (): string[] =>
    host.commands.commands.map(({ line }) => line).filter((line) => line.startsWith('pfexec'));
  return { host, changes, commands: createIllumosCommands(host) };
}

function record(link: string, changes: Partial<VnicRecord> = {}): VnicRecord {
  return { link, over: 'net0', own: true, macAddress: null, ...changes };
}

describe('a VNIC that is there', () => {
  it('under a name of the user’s, and was not when it was planned, is somebody else’s', async () => {
    const { host, changes, commands } = hostWith('web0');
    const made = await ensureVnic({ host, commands }, VM, record('web0'), { signal });
    expect(made).toMatchObject({ own: false, macAddress: MAC });
    await deleteVnic(commands, made, VM.workDir);
    await deleteVnic(commands, record('web0'), VM.workDir);
    expect(changes()).toEqual([]);
  });

  it('under the VM’s own name is the VM’s, and so is one whose MAC address vmctl has written down', async () => {
    const own = linkNameFor(VM.workDir);
    const { host, changes, commands } = hostWith(own, 'web0');
    expect(await ensureVnic({ host, commands }, VM, record(own), { signal })).toMatchObject({ own: true });
    await deleteVnic(commands, record(own), VM.workDir);
    await deleteVnic(commands, record('web0', { macAddress: MAC }), VM.workDir);
    expect(changes()).toEqual([`pfexec dladm delete-vnic -t ${own}`, 'pfexec dladm delete-vnic -t web0']);
  });
});

describe('a VNIC that is gone', () => {
  it('is an error when vmctl did not make it', async () => {
    const { host, changes, commands } = hostWith();
    const other = record('web0', { own: false, macAddress: MAC });
    await expect(ensureVnic({ host, commands }, VM, other, { signal })).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_VNIC_MISSING',
      message: expect.stringContaining('web0'),
    });
    expect(changes()).toEqual([]);
  });

  it('is not deleted, also when it goes in this moment', async () => {
    const own = record(linkNameFor(VM.workDir));
    const without = hostWith();
    await deleteVnic(without.commands, own, VM.workDir);
    expect(without.changes()).toEqual([]);
    const { host, commands } = hostWith(own.link);
    const stderr = `dladm: invalid vnic name '${own.link}': object not found`;
    host.commands.on('pfexec dladm delete-vnic', { exitCode: 1, stderr });
    await deleteVnic(commands, own, VM.workDir);
    host.commands.on('pfexec dladm delete-vnic', { exitCode: 1, stderr: 'dladm: permission denied' });
    await expect(deleteVnic(commands, own, VM.workDir)).rejects.toThrow('permission denied');
  });
});
