import { vmLockHolder } from '../state/vm-lock.js';
import type { Runtime } from './runtime.js';

/** A command that works on a VM. */
export interface VmWork {
  /** `vmctl up` */
  readonly purpose: string;
  readonly pid: number;
}

/** The command that works on a VM right now; null when there is none. Takes no lock. */
export async function workOn(
  { dataDir, processes }: Pick<Runtime, 'dataDir' | 'processes'>,
  name: string,
): Promise<VmWork | null> {
  const holder = await vmLockHolder(dataDir, name, processes);
  return holder === undefined ? null : { purpose: holder.purpose, pid: holder.pid };
}
