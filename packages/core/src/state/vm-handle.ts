import { isAbsolute, resolve } from 'node:path';
import { isJsonObject } from '../host/json-object.js';
import type {
  BackendPlugin,
  NetworkConfig,
  PortForward,
  ProvisionRecord,
  VmHandle,
} from '../hypervisor/contract.js';
import type { DeclaredCloudInit, DeclaredSettings } from '../hypervisor/declared-settings.js';

/** An entry of vms.json as it was read. */
export interface ParsedHandle {
  readonly handle: VmHandle;
  /** Fields that could not be used, for people; their defaults stand in the handle. */
  readonly problems: readonly string[];
}

type Guard<T> = (value: unknown) => value is T;
type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads an entry of vms.json. Missing fields get their defaults and unknown ones are kept, at every level, so that
 * older, newer and foreign registries load.
 *
 * @param name - the entry's key, which is the VM's name whatever the entry itself says
 * @param defaultWorkDir - undefined when the name cannot be a directory of ours
 * @returns undefined when the entry is no VM at all
 */
export function parseHandle(
  entry: unknown,
  name: string,
  defaultWorkDir: string | undefined,
): ParsedHandle | undefined {
  if (!isJsonObject(entry)) return undefined;
  const problems: string[] = [];
  const read = <T>(field: string, guard: Guard<T>, fallback: T): T => {
    const value = entry[field];
    if (guard(value)) return value;
    if (value !== undefined) problems.push(`"${field}" cannot be ${show(value)}`);
    return fallback;
  };
  const optional = <T>(field: string, guard: Guard<T>): Record<string, T> => {
    const value = entry[field];
    if (value === undefined) return {};
    if (guard(value)) return { [field]: value };
    problems.push(`"${field}" cannot be ${show(value)}`);
    return { [field]: undefined as T }; // hides the bad one of `...entry`; JSON leaves it out
  };

  const workDir = read<string | undefined>('work_dir', isAbsolutePath, defaultWorkDir);
  if (workDir === undefined) return undefined;
  const backend = read('backend', isWord, backendOfId(entry['id']) ?? 'qemu');
  const handle: VmHandle = {
    ...entry,
    id: read('id', isWord, `${backend}-${name}`),
    name,
    backend,
    // Written with a slash at its end, or with two in it, it is the same one.
    work_dir: resolve(workDir),
    overlay_path: read('overlay_path', isTextOrNull, null),
    seed_iso_path: read('seed_iso_path', isTextOrNull, null),
    pid: read('pid', orNull(isPid), null),
    qmp_socket: read('qmp_socket', isTextOrNull, null),
    console_socket: read('console_socket', isTextOrNull, null),
    vnc_addr: read('vnc_addr', isTextOrNull, null),
    vcpus: read('vcpus', isPositiveInteger, 1),
    memory_mb: read('memory_mb', isPositiveInteger, 1024),
    disk_gb: read('disk_gb', orNull(isAmount), null),
    network: read('network', isNetwork, { type: 'user' }),
    ssh_host_port: read('ssh_host_port', orNull(isPort), null),
    mac_addr: read('mac_addr', isTextOrNull, null),
    uefi: read('uefi', isBoolean, false),
    ...optional('pid_start_time', isTextOrNull),
    ...optional('console_log_start', isOffset),
    ...optional('forwards', isForwards),
    ...optional('added_forwards', isForwards),
    ...optional('backend_plugin', orNull(isBackendPlugin)),
    ...optional('image_path', isTextOrNull),
    ...optional('vmfile', isTextOrNull),
    ...optional('created_at', isTextOrNull),
    ...optional('booted', isBoolean),
    ...optional('ssh_user', isTextOrNull),
    ...optional('ssh_private_key', isTextOrNull),
    ...optional('up_pending', isBoolean),
    ...optional('provisioned', isProvisioned),
    ...optional('declared', isDeclared),
  };
  return { handle, problems };
}

/** The fields of {@link VmHandle} that this version knows. */
export const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'name',
  'backend',
  'work_dir',
  'overlay_path',
  'seed_iso_path',
  'pid',
  'pid_start_time',
  'qmp_socket',
  'console_socket',
  'console_log_start',
  'vnc_addr',
  'vcpus',
  'memory_mb',
  'disk_gb',
  'network',
  'ssh_host_port',
  'mac_addr',
  'uefi',
  'forwards',
  'added_forwards',
  'backend_plugin',
  'image_path',
  'vmfile',
  'created_at',
  'booted',
  'ssh_user',
  'ssh_private_key',
  'up_pending',
  'provisioned',
  'declared',
]);

/**
 * What is written for a VM: the new handle, and of the entry that it replaces what this version does not know,
 * unless that was another VM of the same name.
 */
export function mergeEntry(entry: unknown, next: VmHandle, name: string): Fields {
  const isSameVm = isJsonObject(entry) && (entry['id'] === undefined || entry['id'] === next.id);
  const unknown = Object.entries(isSameVm ? entry : {}).filter(
    ([field]) => !KNOWN_FIELDS.has(field) && !Object.hasOwn(next, field),
  );
  return { ...next, name, ...Object.fromEntries(unknown) };
}

/** Ids are `<backend>-<uuid>`. */
function backendOfId(id: unknown): string | undefined {
  return typeof id === 'string' ? /^(.+?)-[0-9a-f]{4,}/.exec(id)?.[1] : undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isWord = (value: unknown): value is string => isText(value) && value !== '';
const isAbsolutePath = (value: unknown): value is string => isText(value) && isAbsolute(value);
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isPositiveInteger = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) > 0;
const isOffset = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
/** 0 and negative ids mean groups of processes to kill(2). */
const isPid = isPositiveInteger;
const isPort = (value: unknown): value is number => isPositiveInteger(value) && value <= 65_535;
const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
const orNull =
  <T>(guard: Guard<T>): Guard<T | null> =>
  (value): value is T | null =>
    value === null || guard(value);
const isTextOrNull = orNull(isText);

/** A type that only newer versions know passes as well: the backend refuses what it cannot do. */
function isNetwork(value: unknown): value is NetworkConfig {
  if (!isJsonObject(value) || !isText(value['type'])) return false;
  const isAbsentOrText = (field: string): boolean => value[field] === undefined || isTextOrNull(value[field]);
  if (value['type'] === 'tap') return isWord(value['bridge']) && isAbsentOrText('address');
  if (value['type'] === 'vnic') return isAbsentOrText('name') && isAbsentOrText('address');
  return true;
}

function isForwards(value: unknown): value is readonly PortForward[] {
  return (
    Array.isArray(value) &&
    value.every(
      (each: unknown) =>
        isJsonObject(each) && isWord(each['address']) && isPort(each['host']) && isPort(each['guest']),
    )
  );
}

function isBackendPlugin(value: unknown): value is BackendPlugin {
  return (
    isJsonObject(value) && isWord(value['name']) && isWord(value['version']) && isAbsolutePath(value['path'])
  );
}

function isProvisioned(value: unknown): value is Readonly<Record<string, ProvisionRecord>> {
  return (
    isJsonObject(value) &&
    Object.values(value).every(
      (each) =>
        isJsonObject(each) &&
        isText(each['fingerprint']) &&
        isText(each['finished_at']) &&
        (each['definition'] === undefined || isText(each['definition'])),
    )
  );
}

function isDeclared(value: unknown): value is DeclaredSettings {
  return (
    isJsonObject(value) &&
    isWord(value['image']) &&
    orNull(isAmount)(value['disk_bytes']) &&
    orNull(isDeclaredCloudInit)(value['cloud_init']) &&
    isWord(value['ssh_user']) &&
    isTextOrNull(value['ssh_private_key'])
  );
}

function isDeclaredCloudInit(value: unknown): value is DeclaredCloudInit {
  return (
    isJsonObject(value) &&
    isText(value['hostname']) &&
    isTextOrNull(value['user']) &&
    isTextOrNull(value['authorized_key']) &&
    isTextOrNull(value['user_data'])
  );
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
