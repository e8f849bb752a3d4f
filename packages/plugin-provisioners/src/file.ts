import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Provisioner, VmFileNode } from '@vmctl/core/plugin';
import { lookAt, shortPath } from './local-path.js';

/** A `provision "file"` node. */
export interface FileConfig {
  /** Absolute path on the host, of a file or a directory. */
  readonly source: string;
  /** Path in the guest, absolute or below `~/`. */
  readonly destination: string;
}

/** `provision "file"`: copies a file, or what is in a directory, to the guest. */
export const file: Provisioner<FileConfig> = {
  type: 'file',

  decode(node) {
    const source = node.path('source', { required: true });
    const destination = node.string('destination', { required: true, check: checkDestination });
    if (source !== undefined) checkSource(node, source);
    return { source: source ?? '', destination: destination ?? '' };
  },

  async inputs({ source }) {
    return [{ kind: 'file', path: source }];
  },

  async run({ source, destination }, ctx) {
    const { guest, signal, output, baseDir } = ctx;
    const total = await contentSize(source, signal);
    const subject = basename(source);
    let bytes = 0;
    await guest.upload(source, destination, {
      signal,
      onProgress: (done) => {
        bytes = done;
        ctx.progress({ task: 'upload', subject, done, total });
      },
    });
    await output.stdout(`${shortPath(source, baseDir)} -> ${destination} (${bytes} bytes)\n`);
  },
};

/** The bytes of a file, or of all files in a directory. What cannot be looked at, the copy finds out. */
async function contentSize(path: string, signal: AbortSignal): Promise<number | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() !== true) return stats?.size;
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  let size = 0;
  for (const entry of entries) {
    signal.throwIfAborted();
    if (!entry.isFile()) continue;
    size += (await lstat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  return size;
}

function checkDestination(destination: string): string | undefined {
  return /^(\/|~$|~\/)/.test(destination)
    ? undefined
    : `must be an absolute path in the guest, or begin with ~/, not "${destination}"`;
}

function checkSource(node: VmFileNode, source: string): void {
  const at = { kind: 'setting', name: 'source' } as const;
  const found = lookAt('source', source, node.baseDir);
  if ('complaint' in found) {
    const { message, ...more } = found.complaint;
    node.problem(message, { at, ...more });
  } else if (!found.stats.isFile() && !found.stats.isDirectory()) {
    node.problem(`"source" must name a file or a directory: ${source}`, { at });
  }
}
