import { constants, copyFile, link } from 'node:fs/promises';
import { messageOf } from '../errors/vmctl-error.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { isJsonObject } from '../host/json-object.js';
import { readRegular } from '../host/regular-file.js';

/** vms.json as it was read. */
export interface RegistryContent {
  /** By name, in the file's order, not checked. */
  readonly entries: ReadonlyMap<string, unknown>;
  /** The file's text; undefined when there is no file. */
  readonly text: string | undefined;
  /** Why the file is no registry; then there are no entries. */
  readonly corrupt?: string | undefined;
}

/**
 * Reads vms.json. A missing file is an empty registry; one that is no registry is told by `corrupt`.
 *
 * @throws VMCTL_NOT_READABLE and the like
 */
export async function readRegistryFile(path: string): Promise<RegistryContent> {
  let bytes: Buffer;
  try {
    bytes = await readRegular(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { entries: new Map(), text: undefined };
    throw fsError(error, { verb: 'read', path });
  }
  return parseRegistry(bytes);
}

/** Reads the bytes of a vms.json. */
export function parseRegistry(bytes: Uint8Array): RegistryContent {
  const corrupt = (text: string, reason: string): RegistryContent => ({
    entries: new Map(),
    text,
    corrupt: reason,
  });
  let text = '';
  let content: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (text.trim() === '') return corrupt(text, 'it is empty');
    content = JSON.parse(text);
  } catch (error) {
    return corrupt(text, messageOf(error));
  }
  if (!isJsonObject(content)) return corrupt(text, 'it is not an object from VM names to VMs');
  return { entries: new Map(Object.entries(content)), text };
}

/** The text of a vms.json. */
export function formatRegistry(entries: ReadonlyMap<string, unknown>): string {
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

/**
 * Gives vms.json a second name, under which it stays when the first one is written anew.
 *
 * @returns the new path, `vms.json.corrupt-<UTC time>`
 */
export async function keepAside(path: string, now: Date = new Date()): Promise<string> {
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '');
  for (let count = 1; ; count++) {
    const aside = `${path}.corrupt-${stamp}${count === 1 ? '' : `-${count}`}`;
    try {
      await linkOrCopy(path, aside);
      return aside;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw fsError(error, { verb: 'keep a copy as', path: aside });
    }
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // File systems without hard links.
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK'].includes(errnoOf(error) ?? '')) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}
