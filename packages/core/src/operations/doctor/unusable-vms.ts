import { shellWord } from '../../errors/shell-word.js';
import { pathExists } from '../../host/path-exists.js';
import { lockedVms } from '../../state/vm-lock.js';
import { list, type VmListing } from '../list.js';
import type { Runtime } from '../runtime.js';
import type { DoctorFinding } from './finding.js';

/**
 * VMs that are there and cannot start: the disk is gone. What another command is just working on is passed over, and so are
 * VMs without a work directory or a backend, which have findings of their own.
 */
export async function unusableVmFindings(runtime: Runtime, signal: AbortSignal): Promise<DoctorFinding[]> {
  const busy = await lockedVms(runtime.dataDir, runtime.processes);
  const directories = new Map((await runtime.registry.list()).map(({ name, work_dir }) => [name, work_dir]));
  const findings: DoctorFinding[] = [];
  for (const vm of await list(runtime, { signal })) {
    const finding = busy.includes(vm.name) ? undefined : unusableVm(vm);
    // One that was destroyed meanwhile has none.
    const directory = directories.get(vm.name);
    if (finding !== undefined && directory !== undefined && (await pathExists(directory)))
      findings.push(finding);
  }
  return findings;
}

/** Undefined for a VM that can be worked with, or of which nothing is known. */
export function unusableVm({ name, state, detail, vmfile }: VmListing): DoctorFinding | undefined {
  if (state !== 'destroyed') return undefined;
  return {
    group: 'state',
    id: `vm:${name}`,
    status: 'warning',
    title: `VM ${name}`,
    detail: `It cannot start: ${detail ?? 'what it is made of is gone'}.`,
    // From its VMFile it is made anew.
    fix: vmfile === null ? `vmctl destroy ${name}` : `vmctl up ${name} --file ${shellWord(vmfile)}`,
  };
}
