import { join } from 'node:path';

/** What is in a VM's work directory; absolute paths. Not every VM has every file. */
export interface WorkDirFiles {
  readonly overlay: string;
  readonly seed: string;
  readonly qmpSocket: string;
  readonly consoleSocket: string;
  readonly consoleLog: string;
  readonly provisionLog: string;
  /** The generated key pair that logs in to the guest. */
  readonly privateKey: string;
  readonly publicKey: string;
  /** The pinned host key of the guest. */
  readonly knownHosts: string;
  readonly pidfile: string;
}

/** Names and places of the files in `vms/<name>`. */
export function workDirFiles(workDir: string): WorkDirFiles {
  return {
    overlay: join(workDir, 'overlay.qcow2'),
    seed: join(workDir, 'seed.iso'),
    qmpSocket: join(workDir, 'qmp.sock'),
    consoleSocket: join(workDir, 'console.sock'),
    consoleLog: join(workDir, 'console.log'),
    provisionLog: join(workDir, 'provision.log'),
    privateKey: join(workDir, 'id_ed25519_generated'),
    publicKey: join(workDir, 'id_ed25519_generated.pub'),
    knownHosts: join(workDir, 'known_hosts'),
    pidfile: join(workDir, 'pidfile'),
  };
}

/** Where the end of a log is that has grown too large: what came before the log of this name. */
export function olderLog(path: string): string {
  return `${path}.1`;
}
