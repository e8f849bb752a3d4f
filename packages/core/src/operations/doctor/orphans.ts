import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { shellWord } from '../../errors/shell-word.js';
import { errnoOf } from '../../host/fs-error.js';
import type { VmHandle } from '../../hypervisor/contract.js';
import { VM_NAME } from '../../state/data-dir.js';
import { lockedVms } from '../../state/vm-lock.js';
import { isHalfMade } from '../../state/work-dir.js';
import type { DoctorFinding } from './finding.js';
import type { Runtime } from '../runtime.js';
import { vmProcesses } from '../vm-processes.js';

const GROUP = { group: 'state' } as const;

/**
 * What has lost its other half: VMs without a work directory, work directories and processes without a VM, VMs without a
 * plugin. What another command is just working on is passed over. All of it may be somebody's data, so nothing of it is
 * mended without being asked for.
 */
export async function orphanFindings(runtime: Runtime): Promise<DoctorFinding[]> {
  // First the processes and directories: a VM is in the registry before it has a process, and until it has none.
  const processes = await vmProcesses(runtime);
  const workDirs = await workDirsOf(runtime);
  const known = await runtime.registry.names();
  const vms = new Map((await runtime.registry.list()).map((handle) => [handle.work_dir, handle]));
  const busy = await lockedVms(runtime.dataDir, runtime.processes);
  const findings: DoctorFinding[] = [];
  const lost = processes.filter(({ workDir }) => !vms.has(workDir));
  for (const { pid, workDir } of lost) findings.push(lostProcess(pid, workDir));
  for (const { name, path } of workDirs) {
    // One whose entry cannot be read has a finding of its own, and is not lost.
    if (vms.has(path) || known.has(name) || busy.includes(name) || (await isHalfMade(path))) continue;
    findings.push(lostDirectory(name, path, lost.find(({ workDir }) => workDir === path)?.pid));
  }
  const backends = (await runtime.plugins()).installed('hypervisors');
  for (const vm of vms.values()) {
    if (busy.includes(vm.name)) continue;
    const isEmpty = await isMissing(vm.work_dir);
    // It may have been destroyed meanwhile.
    if (isEmpty && (await runtime.registry.get(vm.name)) !== undefined) findings.push(emptyEntry(vm));
    if ((vm.backend_plugin ?? null) === null && !backends.includes(vm.backend)) findings.push(noBackend(vm));
  }
  return findings;
}

async function workDirsOf({ dataDir }: Runtime) {
  const names = await readdir(dataDir.vms).catch(() => []);
  return names
    .filter((name) => VM_NAME.test(name))
    .toSorted()
    .map((name) => ({ name, path: join(dataDir.vms, name) }));
}

function lostProcess(pid: number, workDir: string): DoctorFinding {
  return {
    ...GROUP,
    id: `orphan:process:${pid}`,
    status: 'error',
    title: `process ${pid}`,
    detail: `It runs a VM that vms.json does not know, in ${workDir}. Look at it first: ps -fp ${pid}`,
    fix: `kill ${pid}`,
  };
}

function lostDirectory(name: string, path: string, pid: number | undefined): DoctorFinding {
  const running = pid === undefined ? '' : ` Process ${pid} uses it.`;
  return {
    ...GROUP,
    id: `orphan:directory:${name}`,
    status: 'warning',
    title: `work directory ${name}`,
    detail: `vms.json has no such VM; it may hold a disk that you want: ${path}.${running} No VM can be called ${name} while it is there.`,
    fix: `rm -r ${shellWord(path)}`,
  };
}

function emptyEntry({ name, work_dir: workDir }: VmHandle): DoctorFinding {
  return {
    ...GROUP,
    id: `orphan:vm:${name}`,
    status: 'error',
    title: `VM ${name}`,
    detail: `Its work directory is gone, and its disk with it: ${workDir}`,
    fix: `vmctl destroy ${name}`,
  };
}

function noBackend({ name, backend }: VmHandle): DoctorFinding {
  return {
    ...GROUP,
    id: `orphan:backend:${name}`,
    status: 'error',
    title: `VM ${name}`,
    detail: `No installed plugin brings its backend "${backend}". Install it again; when it is gone for good, the VM can be given up.`,
    fix: `vmctl destroy --forget ${name}`,
  };
}

/** A directory that cannot be looked at is no missing one. */
async function isMissing(path: string): Promise<boolean> {
  try {
    await access(path);
    return false;
  } catch (error) {
    return errnoOf(error) === 'ENOENT';
  }
}
