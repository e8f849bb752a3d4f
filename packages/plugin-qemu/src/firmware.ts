import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PluginHost } from '@vmctl/core/plugin';
import { installCommand } from './packages.js';
import { isObject } from './qmp-message.js';

/** UEFI firmware in two parts: code that all VMs share, and a template of the variables that each has its own of. */
export interface Firmware {
  readonly codePath: string;
  readonly templatePath: string;
}

/** Where distributions describe their firmware, the strongest first (QEMU: docs/interop/firmware.json). */
const DESCRIPTION_DIRECTORIES = [
  '/etc/qemu/firmware',
  '/usr/local/share/qemu/firmware',
  '/usr/share/qemu/firmware',
];

/** Where it is on systems without descriptions. */
const KNOWN: readonly Firmware[] = [
  pair('/usr/share/OVMF', 'OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd'),
  pair('/usr/share/OVMF', 'OVMF_CODE.fd', 'OVMF_VARS.fd'),
  pair('/usr/share/edk2/x64', 'OVMF_CODE.4m.fd', 'OVMF_VARS.4m.fd'),
  pair('/usr/share/edk2-ovmf/x64', 'OVMF_CODE.fd', 'OVMF_VARS.fd'),
  pair('/usr/share/edk2/ovmf', 'OVMF_CODE.fd', 'OVMF_VARS.fd'),
  pair('/usr/share/qemu', 'ovmf-x86_64-4m-code.bin', 'ovmf-x86_64-4m-vars.bin'),
  pair('/usr/share/qemu', 'edk2-x86_64-code.fd', 'edk2-i386-vars.fd'),
];

/** Guests without signed boot loaders must start, and System Management Mode is not switched on. */
const UNWANTED = ['requires-smm', 'secure-boot', 'enrolled-keys', 'amd-sev-es', 'intel-tdx'];

export interface FindFirmwareOptions {
  readonly descriptionDirectories?: readonly string[] | undefined;
  readonly known?: readonly Firmware[] | undefined;
  /** Bytes that the template must have: a VM's variables fit only the code that they were made for. */
  readonly variablesSize?: number | undefined;
}

/**
 * Finds UEFI firmware for x86-64 guests.
 *
 * @throws VMCTL_QEMU_FIRMWARE_MISSING with the command that installs it
 */
export async function findFirmware(
  host: Pick<PluginHost, 'error'>,
  options: FindFirmwareOptions = {},
): Promise<Firmware> {
  const described = await Promise.all(
    (options.descriptionDirectories ?? DESCRIPTION_DIRECTORIES).map(readDescriptions),
  );
  for (const firmware of [...described.flat(), ...(options.known ?? KNOWN)]) {
    if (await isUsable(firmware, options.variablesSize)) return firmware;
  }
  const size = options.variablesSize;
  throw host.error('VMCTL_QEMU_FIRMWARE_MISSING', {
    message:
      size === undefined
        ? 'The VM has firmware "uefi", and no UEFI firmware (OVMF) was found on this host.'
        : `No UEFI firmware on this host fits the VM's variables of ${size} bytes; the one it was made with is gone.`,
    hint: `Install it: ${await installCommand('ovmf')}`,
  });
}

/** Firmware of one directory of descriptions, in the order of the file names, which is the distribution's order. */
async function readDescriptions(directory: string): Promise<Firmware[]> {
  const names = await readdir(directory).catch(() => []);
  const texts = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .toSorted()
      .map((name) => readFile(join(directory, name), 'utf8').catch(() => '')),
  );
  return texts.flatMap((text) => parseDescription(text) ?? []);
}

/** What a description offers, or undefined when it is not for us. */
export function parseDescription(text: string): Firmware | undefined {
  let description: unknown;
  try {
    description = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(description)) return undefined;
  const { mapping, features, targets } = description;
  const interfaces = description['interface-types'];
  if (!Array.isArray(interfaces) || !interfaces.includes('uefi')) return undefined;
  if (Array.isArray(features) && features.some((feature) => UNWANTED.includes(feature))) return undefined;
  if (!Array.isArray(targets) || !targets.some(isForQ35)) return undefined;
  if (!isObject(mapping) || mapping['device'] !== 'flash') return undefined;
  const codePath = rawFile(mapping['executable']);
  const templatePath = rawFile(mapping['nvram-template']);
  return codePath === undefined || templatePath === undefined ? undefined : { codePath, templatePath };
}

function isForQ35(target: unknown): boolean {
  if (!isObject(target) || target['architecture'] !== 'x86_64') return false;
  const { machines } = target;
  return Array.isArray(machines) && machines.some((name) => String(name).startsWith('pc-q35'));
}

function rawFile(value: unknown): string | undefined {
  if (!isObject(value) || value['format'] !== 'raw') return undefined;
  const { filename } = value;
  return typeof filename === 'string' ? filename : undefined;
}

async function isUsable({ codePath, templatePath }: Firmware, size: number | undefined): Promise<boolean> {
  try {
    const [code, template] = await Promise.all([stat(codePath), stat(templatePath)]);
    return code.isFile() && template.isFile() && (size === undefined || template.size === size);
  } catch {
    return false;
  }
}

function pair(directory: string, code: string, template: string): Firmware {
  return { codePath: join(directory, code), templatePath: join(directory, template) };
}
