import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import { isJsonObject } from '../host/json-object.js';
import { readRegularText } from '../host/regular-file.js';

/**
 * A file with a JSON object: a package.json, a lock file.
 *
 * @throws VMCTL_PLUGIN_INVALID for one that is missing or none
 */
export async function readJsonObject(path: string): Promise<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(await readRegularText(path));
  } catch (cause) {
    throw new VmctlError('VMCTL_PLUGIN_INVALID', {
      message: `${path} cannot be read: ${messageOf(cause)}.`,
      cause,
    });
  }
  if (isJsonObject(value)) return value;
  throw new VmctlError('VMCTL_PLUGIN_INVALID', { message: `${path} is not an object.` });
}
