import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
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
    const stats = await stat(source).catch(() => undefined);
    const total = stats?.isFile() === true ? stats.size : undefined;
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
