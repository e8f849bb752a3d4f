import { spawnSync } from 'node:child_process';

/** File systems of our own need a mount namespace: root has one for the asking, others where the kernel lets them. */
export const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

/** In front of a command: it sees a fresh tmpfs, with these mount options, at `path`, and nobody else does. */
export function onTmpfs(path: string, options: string, then = ''): readonly string[] {
  const script = `mount -t tmpfs -o ${options} none "$0" && ${then === '' ? '' : `${then} && `}exec "$@"`;
  return ['unshare', '-rm', 'sh', '-c', script, path];
}
