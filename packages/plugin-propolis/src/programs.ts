import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { PluginHost } from '@vmctl/core/plugin';
import type { PropolisSettings } from './settings.js';

const SERVER = 'propolis-server';
/** Where it is when it is not in PATH. */
const SERVER_DIRECTORIES = ['/opt/oxide/propolis-server/bin', '/opt/ooce/propolis/bin'];

/** Where packages put the boot ROM, the likeliest first. */
export const BOOTROM_PATHS = [
  '/opt/oxide/propolis-server/blob/OVMF_CODE.fd',
  '/opt/oxide/propolis-server/bin/OVMF_CODE.fd',
  '/opt/ooce/propolis/share/OVMF_CODE.fd',
  '/usr/share/propolis/OVMF_CODE.fd',
  '/usr/share/bhyve/firmware/OVMF_CODE.fd',
];

/** propolis maps the ROM at the top of the first 4 GiB, in pages, and has this much room there. */
const BOOTROM_LIMIT = 2 * 1024 * 1024;
const PAGE = 4096;

type Host = Pick<PluginHost, 'env' | 'error'>;

/**
 * Finds propolis-server: the setting, PATH, the usual places.
 *
 * @returns an absolute path
 * @throws VMCTL_HOST_COMMAND_MISSING
 */
export async function findServer(host: Host, { server }: PropolisSettings): Promise<string> {
  const directories = (host.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  const name = server ?? SERVER;
  const candidates = name.includes('/')
    ? [name]
    : [...directories, ...(server === undefined ? SERVER_DIRECTORIES : [])].map((each) => join(each, name));
  for (const candidate of candidates) if (await mayRun(candidate)) return candidate;
  throw host.error('VMCTL_HOST_COMMAND_MISSING', {
    message:
      server === undefined
        ? 'propolis-server is not installed: it is not in PATH.'
        : `There is no program "${server}" that can be run, which is to be propolis-server.`,
    hint: 'Build or install propolis-server, and say where it is: export VMCTL_PROPOLIS_SERVER=/path/to/propolis-server',
    details: { command: name },
  });
}

/**
 * Finds the boot ROM, and looks whether it fits: a ROM that does not makes the server abort without a word.
 *
 * @returns an absolute path
 * @throws VMCTL_PROPOLIS_BOOTROM_UNUSABLE
 */
export async function findBootrom(
  host: Host,
  { bootrom }: PropolisSettings,
  paths: readonly string[] = BOOTROM_PATHS,
): Promise<string> {
  const candidates = bootrom === undefined ? paths : [bootrom];
  for (const path of candidates) {
    const size = await fileSize(path);
    if (size === undefined) continue;
    const problem = await bootromProblem(path, size);
    if (problem === undefined) return path;
    throw bootromError(host, `${path} cannot be the boot ROM: ${problem}.`, path);
  }
  throw bootromError(
    host,
    bootrom === undefined
      ? `No boot ROM was found. It was looked for at ${candidates.join(', ')}.`
      : `There is no boot ROM ${bootrom}.`,
    bootrom,
  );
}

async function bootromProblem(path: string, size: number): Promise<string | undefined> {
  if (size === 0) return 'it is empty';
  if (size > BOOTROM_LIMIT)
    return `it has ${size} bytes, and propolis takes at most ${BOOTROM_LIMIT} (2 MiB)`;
  if (size % PAGE !== 0) return `its ${size} bytes are not a multiple of ${PAGE}, a page`;
  try {
    await (await open(path, 'r')).close();
    return undefined;
  } catch {
    return 'it cannot be read';
  }
}

function bootromError({ error }: Host, message: string, path: string | undefined): Error {
  return error('VMCTL_PROPOLIS_BOOTROM_UNUSABLE', {
    message,
    hint: 'It is the file OVMF_CODE.fd that is made for bhyve; say where it is: export VMCTL_PROPOLIS_BOOTROM=/path/to/OVMF_CODE.fd',
    details: { path },
  });
}

async function mayRun(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** Bytes of a file, or undefined when there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}
