import { messageOf } from '../../errors/vmctl-error.js';
import { lockHolder } from '../../host/lock.js';
import { ImageClaims } from '../../images/image-claims.js';
import { VM_NAME } from '../../state/data-dir.js';
import { vmsWithLeftovers } from '../../state/work-dir.js';
import type { DoctorFinding } from './finding.js';
import { imageUse, type ImageUse } from '../image-use.js';
import type { Runtime } from '../runtime.js';

const GROUP = { group: 'state', status: 'warning' } as const;
const MEND = 'vmctl doctor --fix';

/** What killed commands have left and nobody needs. The next command that comes across it removes it; `--fix` does now. */
export async function leftoverFindings(runtime: Runtime): Promise<DoctorFinding[]> {
  const isLocked = async (name: string): Promise<boolean> =>
    (await lockHolder({ directory: runtime.dataDir.locks, name, processes: runtime.processes })) !==
    undefined;
  const findings = [
    ...(await halfMadeFindings(runtime, isLocked)),
    ...(await claimFindings(runtime, isLocked)),
  ];
  return [...findings, ...(await imageFindings(runtime, isLocked))];
}

type IsLocked = (name: string) => Promise<boolean>;

async function halfMadeFindings(runtime: Runtime, isLocked: IsLocked): Promise<DoctorFinding[]> {
  const { vms } = runtime.dataDir;
  const known = await runtime.registry.names();
  const findings: DoctorFinding[] = [];
  for (const vm of await vmsWithLeftovers(vms)) {
    if (await isLocked(`vm-${vm}`)) continue;
    findings.push({
      ...GROUP,
      id: `leftover:vm:${vm}`,
      title: `left of ${vm}`,
      detail: known.has(vm)
        ? `A killed command left something in ${vms} that the VM does not need; the VM itself stays.`
        : `A killed command left a half-made work directory in ${vms}; no VM was ever started from it.`,
      fix: MEND,
      repair: { kind: 'remove-half-made-vm', vm },
    });
  }
  return findings;
}

/** The claim of a VM that exists is of no use any more, and of no harm; it has one anyway. */
async function claimFindings(runtime: Runtime, isLocked: IsLocked): Promise<DoctorFinding[]> {
  const known = await runtime.registry.names();
  const vms: string[] = [];
  for (const vm of await new ImageClaims(runtime.dataDir.imageClaims).vms()) {
    if (VM_NAME.test(vm) && !known.has(vm) && !(await isLocked(`vm-${vm}`))) vms.push(vm);
  }
  if (vms.length === 0) return [];
  return [
    {
      ...GROUP,
      id: 'leftover:image-claims',
      title: 'image claims',
      detail: `Images are still noted for VMs that do not exist: ${vms.join(', ')}.`,
      fix: MEND,
      repair: { kind: 'remove-image-claims', vms },
    },
  ];
}

async function imageFindings(runtime: Runtime, isLocked: IsLocked): Promise<DoctorFinding[]> {
  const base = { ...GROUP, title: 'image cache' };
  let use: ImageUse;
  try {
    use = await imageUse(runtime);
  } catch (error) {
    const detail = `Which images are needed cannot be told: ${messageOf(error)}`;
    return [{ ...base, id: 'image-use', detail }];
  }
  const store = await runtime.images();
  const users = (file: string) => Promise.resolve(use.get(file) ?? []);
  const files = await store.findLeftovers({ users, isLocked });
  if (files.length === 0) return [];
  const detail = `Left by killed commands in ${runtime.dataDir.images}: ${files.join(', ')}`;
  return [{ ...base, id: 'leftover:images', detail, fix: MEND, repair: { kind: 'clean-image-cache' } }];
}
