import { access, constants, lstat, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { shellWord } from '../../errors/shell-word.js';
import { isVmctlError, messageOf } from '../../errors/vmctl-error.js';
import { errnoOf, fsError } from '../../host/fs-error.js';
import { localTime } from '../../host/local-time.js';
import { findStaleLocks, type StaleLock } from '../../host/stale-locks.js';
import { workDirFiles } from '../../state/work-dir-files.js';
import { VmRegistry } from '../../state/vm-registry.js';
import type { DoctorFinding } from './finding.js';
import { leftoverFindings } from './leftovers.js';
import { orphanFindings } from './orphans.js';
import { unusableVmFindings } from './unusable-vms.js';
import type { Runtime } from '../runtime.js';

const LOW_SPACE = 2 * 2 ** 30;
const GROUP = { group: 'state' } as const;

/** What `doctor` says of the data directory: whether it can be used, and what does not belong there. */
export async function stateFindings(runtime: Runtime, signal: AbortSignal): Promise<DoctorFinding[]> {
  const findings = [await dataDirectoryFinding(runtime)];
  if (findings[0]?.status === 'error') return findings;
  const registry = await registryFindings(runtime);
  const looks = [
    ['permissions', permissionFindings],
    ['locks', lockFindings],
  ] as const;
  // Without the registry every VM would look like an orphan.
  const isKnown = registry.every(({ status }) => status !== 'error');
  const more = [
    ['orphans', orphanFindings],
    ['VMs', unusableVmFindings],
    ['leftovers', leftoverFindings],
  ] as const;
  findings.push(...registry);
  for (const [what, look] of [...looks, ...(isKnown ? more : [])]) {
    signal.throwIfAborted();
    findings.push(...(await look(runtime, signal).catch((error: unknown) => [unseen(what, error)])));
  }
  return findings;
}

/** What stands in the way of looking is a finding as well. */
function unseen(what: string, error: unknown): DoctorFinding {
  const fix = isVmctlError(error) ? error.hint : undefined;
  return { ...GROUP, id: what, status: 'error', title: what, detail: messageOf(error), fix };
}

/** Whether it can be read and written, and has room. */
async function dataDirectoryFinding(runtime: Runtime): Promise<DoctorFinding> {
  const { path } = runtime.dataDir;
  const base = { ...GROUP, id: 'data-directory', title: 'data directory' };
  try {
    const directory = await nearestExisting(path);
    // What stands in its place is named with the way out.
    const found = await stat(directory).catch(() => undefined);
    if (found?.isDirectory() !== true) await runtime.dataDir.open();
    await mustBeWritable(directory);
    const { bavail, bsize } = await statfs(directory);
    const vms = (await quietRegistry(runtime).registry.list()).length;
    return { ...base, ...spaceFinding(path, { vms, freeBytes: bavail * bsize }) };
  } catch (error) {
    const fix = isVmctlError(error) ? error.hint : undefined;
    return { ...base, status: 'error', detail: messageOf(error), fix };
  }
}

/** What there is to say of a data directory with so much room on its disk. */
export function spaceFinding(
  path: string,
  { vms, freeBytes }: { readonly vms: number; readonly freeBytes: number },
): Pick<DoctorFinding, 'status' | 'detail' | 'fix'> {
  const space = `${(freeBytes / 2 ** 30).toFixed(1)} GiB free`;
  if (freeBytes >= LOW_SPACE) {
    return { status: 'ok', detail: `${path}: ${vms} ${vms === 1 ? 'VM' : 'VMs'}, ${space}` };
  }
  const detail = `${path}: only ${space}. Disks grow while VMs run.`;
  return { status: 'warning', detail, fix: 'vmctl image prune' };
}

/** The data directory, or the nearest one above it while that has yet to be made: nothing is made here. */
async function nearestExisting(path: string): Promise<string> {
  try {
    // A link that leads nowhere is there as well.
    await lstat(path);
    return path;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && dirname(path) !== path) return nearestExisting(dirname(path));
    throw fsError(error, { verb: 'look at', path });
  }
}

async function mustBeWritable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fsError(error, { verb: 'write to', path });
  }
}

/** What is wrong with vms.json, which other commands only warn of. */
async function registryFindings(runtime: Runtime): Promise<DoctorFinding[]> {
  const base = { ...GROUP, title: 'vms.json' };
  try {
    await runtime.registry.mustBeReadable();
  } catch (error) {
    const fix = isVmctlError(error) ? error.hint : undefined;
    return [{ ...base, id: 'registry', status: 'error', detail: messageOf(error), fix }];
  }
  const { registry, warnings } = quietRegistry(runtime);
  await registry.list();
  return warnings.map(({ message, hint }, index) => ({
    ...base,
    id: `registry:${index + 1}`,
    status: 'warning',
    detail: message,
    fix: hint,
  }));
}

/** The same registry, whose warnings become findings. */
function quietRegistry({ dataDir, processes }: Runtime) {
  const warnings: { readonly message: string; readonly hint: string | undefined }[] = [];
  const registry = new VmRegistry(dataDir, {
    processes,
    events: {
      emit: (event) => {
        if (event.type === 'warning') warnings.push({ message: event.message, hint: event.hint });
      },
    },
  });
  return { registry, warnings };
}

/** Others must not look into the data directory; ssh refuses keys that they can read. */
async function permissionFindings(runtime: Runtime): Promise<DoctorFinding[]> {
  const { dataDir } = runtime;
  const findings: (DoctorFinding | undefined)[] = [];
  for (const path of await dataDir.openToOthers()) findings.push(await openToOthers(path, '0700'));
  for (const { work_dir: workDir } of await quietRegistry(runtime).registry.list()) {
    findings.push(await openToOthers(workDirFiles(workDir).privateKey, '0600'));
  }
  return findings.filter((finding) => finding !== undefined);
}

async function openToOthers(path: string, mode: '0600' | '0700'): Promise<DoctorFinding | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || found.isSymbolicLink() || (found.mode & 0o077) === 0) return undefined;
  return {
    ...GROUP,
    id: `permissions:${path}`,
    status: 'warning',
    title: mode === '0700' ? 'open directory' : 'open key',
    detail: `Other users may use ${path} (mode ${(found.mode & 0o777).toString(8).padStart(4, '0')}).`,
    fix: `chmod ${mode.slice(1)} ${shellWord(path)}`,
    repair: { kind: 'restrict-permissions', path, mode },
  };
}

async function lockFindings({ dataDir, processes }: Runtime): Promise<DoctorFinding[]> {
  return (await findStaleLocks(dataDir.locks, processes)).map(lockFinding);
}

function lockFinding(lock: StaleLock): DoctorFinding {
  const { path } = lock;
  const base = { ...GROUP, id: `lock:${path}`, status: 'warning' } as const;
  const mend = { fix: 'vmctl doctor --fix', repair: { kind: 'clear-lock', path } } as const;
  switch (lock.kind) {
    case 'abandoned': {
      const { pid, purpose, since } = lock.holder;
      const detail = `Process ${pid} (${purpose}) took it at ${localTime(since)}, and ended without giving it back. The next command that needs it takes it over.`;
      return { ...base, title: `lock ${lock.name}`, detail, ...mend };
    }
    case 'unborn':
      return { ...base, title: 'unfinished lock', detail: `Left by a killed command: ${path}`, ...mend };
    case 'damaged':
      return {
        ...base,
        status: 'error',
        title: 'damaged lock',
        detail: `${path} is not vmctl's, or holds files that are not, so nobody can take that lock.`,
        fix: `rm -r ${shellWord(path)}`,
      };
  }
}
