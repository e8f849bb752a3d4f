import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskInspection, HypervisorContext, VmHandle, VmInspection } from '@vmctl/core/plugin';
import { BOOTROM } from './launch.js';
import type { Parts } from './parts.js';
import { messageOf } from './thrown.js';
import { findDisk } from './vm-lookup.js';
import { readRecord } from './vm-record.js';
import { askServer, findLive, logPathOf } from './vm-server.js';
import { deviceOf } from './zvol-images.js';

/** Asks the server of a VM what it runs, and zfs for the disk; undefined without a server that has the VM. */
export async function inspectVm(
  { host, commands }: Parts,
  vm: VmHandle,
  { signal }: HypervisorContext,
): Promise<VmInspection | undefined> {
  const record = await readRecord(vm.work_dir);
  const { vnic } = record ?? {};
  const live = await findLive(host, vm, record);
  if (live === undefined) return undefined;
  const answer = await askServer(host, vm, live, signal);
  if (answer.kind === 'silent') {
    return { problems: [`The propolis-server of ${vm.name} does not answer: ${messageOf(answer.error)}`] };
  }
  if (answer.kind !== 'instance') return undefined;
  const { state } = answer.instance;
  if (state === 'Destroyed' || state === 'Failed') return undefined;
  const problems: string[] = [];
  const version = await live.client.version({ signal });
  const disk = await diskInspection().catch((error: unknown) => {
    signal.throwIfAborted();
    problems.push(`The disk cannot be looked at: ${messageOf(error)}`);
    return undefined;
  });
  const started = await lstat(join(live.run.directory, BOOTROM)).catch(() => undefined);
  return {
    status: state,
    // A link that is made just before and never changed; illumos does not know when its other files were made.
    startedAt: started?.mtime.toISOString(),
    engine: `propolis-server (API ${version})`,
    accelerator: 'bhyve',
    vcpus: vm.vcpus,
    memory: { bytes: vm.memory_mb * 1024 * 1024 },
    disks: disk === undefined ? [] : [disk],
    more: {
      server: `127.0.0.1:${live.run.port}`,
      'server log': logPathOf(live.run.directory),
      ...(vnic === null || vnic === undefined ? {} : { vnic: `${vnic.link} over ${vnic.over}` }),
    },
    problems,
  };

  async function diskInspection(): Promise<DiskInspection | undefined> {
    const found = await findDisk({ commands }, vm, signal);
    if (found === undefined) return undefined;
    const { name, size, origin } = found;
    return {
      name: 'boot-disk',
      path: deviceOf(name),
      format: 'raw',
      readOnly: false,
      sizeBytes: size,
      backing: origin,
    };
  }
}
