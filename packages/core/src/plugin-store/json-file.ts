import { readFile } from 'node:fs/promises';
import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import { isJsonObject } from '../host/json-object.js';

/**
 * A file with a JSON object: a package.json, a lock file.
 *
 * @throws VMCTL_PLUGIN_INVALID for one that is missing or none
 */
export async function readJsonObject(path: string): Promise<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new VmctlError('VMCTL_PLUGIN_INVALID', {
      message: `${path} cannot be read: ${messageOf(cause)}.`,
      cause,
    });
  }
  if (isJsonObject(value)) return value;
  throw new VmctlError('VMCTL_PLUGIN_INVALID', { message: `${path} is not an object.` });
}
