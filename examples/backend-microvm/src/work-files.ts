import { join } from 'node:path';
import type { VmHandle } from '@vmctl/core/plugin';

/** What this backend has in a VM's work directory. Absolute. */
export interface WorkFiles {
  readonly overlay: string;
  readonly pidFile: string;
  readonly qmpSocket: string;
  readonly consoleSocket: string;
  readonly consoleLog: string;
}

export function filesOf({ work_dir: workDir }: Pick<VmHandle, 'work_dir'>): WorkFiles {
  return {
    overlay: join(workDir, 'overlay.qcow2'),
    pidFile: join(workDir, 'pidfile'),
    qmpSocket: join(workDir, 'qmp.sock'),
    consoleSocket: join(workDir, 'console.sock'),
    consoleLog: join(workDir, 'console.log'),
  };
}
