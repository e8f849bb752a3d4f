import { join } from 'node:path';
import type { Provisioner, VmFile } from '@vmctl/core/plugin';
import { isVmctlError } from '../../../core/src/errors/vmctl-error.js';
import { parseVmFile } from '../../../core/src/vmfile/parse-vmfile.js';
import { file } from '../../src/file.js';
import { shell } from '../../src/shell.js';

const provisioners: Readonly<Record<string, Provisioner>> = { shell, file };

/** Reads a VMFile with the real parser and this plugin's types. */
export function parseText(text: string, baseDir: string): Promise<VmFile> {
  return parseVmFile(text, {
    path: join(baseDir, 'VMFile.kdl'),
    homeDir: '/home/me',
    vmNodes: undefined,
    provisioners: {
      find: async (type) => provisioners[type],
      installed: () => Object.keys(provisioners),
    },
  });
}

/** What `decode` makes of one `provision` node. */
export async function decodeStep(node: string, baseDir = '/project'): Promise<unknown> {
  const { vms } = await parseText(`vm "web" {\n  image "disk.qcow2"\n  ssh\n  ${node}\n}\n`, baseDir);
  return vms[0]?.provision[0]?.config;
}

/** The problems of one `provision` node: `line:column message (hint)`. */
export async function problemsOf(node: string, baseDir = '/project'): Promise<readonly string[]> {
  try {
    await decodeStep(node, baseDir);
    return [];
  } catch (error) {
    if (!isVmctlError(error) || error.code !== 'VMCTL_VMFILE_INVALID') throw error;
    // The shape that VMCTL_VMFILE_INVALID documents for its details.
    const { problems } = error.details as {
      problems: readonly { line: number; column: number; message: string; hint?: string }[];
    };
    return problems.map(
      ({ line, column, message, hint }) =>
        `${line}:${column} ${message}${hint === undefined ? '' : ` (${hint})`}`,
    );
  }
}
