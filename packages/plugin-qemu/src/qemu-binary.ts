import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import type { PluginHost } from '@vmctl/core/plugin';
import { installCommand } from './packages.js';
import type { QemuVersion } from './qmp-message.js';
import { readSettings } from './settings.js';

/** Names of the program; the second is RHEL's, which keeps it out of PATH. */
const NAMES = ['qemu-system-x86_64', 'qemu-kvm'];
const MORE_DIRECTORIES = ['/usr/libexec'];

/** The QEMU that is used. */
export interface QemuBinary {
  /** Absolute. */
  readonly path: string;
  /** Changes when the program does. */
  readonly fingerprint: string;
}

/**
 * Finds QEMU: the one that is set, or qemu-system-x86_64 in PATH and the usual places.
 *
 * @throws VMCTL_HOST_COMMAND_MISSING with the command that installs it
 */
export async function findQemu(
  host: Pick<PluginHost, 'backendSettings' | 'env' | 'error'>,
): Promise<QemuBinary> {
  const { binary } = await readSettings(host);
  const directories = (host.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  const candidates = binary?.includes('/')
    ? [binary]
    : binary === undefined
      ? NAMES.flatMap((name) =>
          [...directories, ...MORE_DIRECTORIES].map((directory) => join(directory, name)),
        )
      : directories.map((directory) => join(directory, binary));
  for (const candidate of candidates) {
    const found = await identify(candidate);
    if (found !== undefined) return found;
  }
  if (binary !== undefined) {
    throw host.error('VMCTL_HOST_COMMAND_MISSING', {
      message: `QEMU is set to "${binary}", and there is no such program that can be run.`,
      hint: 'Where it is set: vmctl config. Correct it there, or take it out to use the installed QEMU.',
      details: { command: binary },
    });
  }
  throw host.error('VMCTL_HOST_COMMAND_MISSING', {
    message: 'QEMU is not installed: there is no qemu-system-x86_64 in PATH.',
    hint: `Install it: ${await installCommand('qemu')}`,
    details: { command: 'qemu-system-x86_64' },
  });
}

async function identify(candidate: string): Promise<QemuBinary | undefined> {
  try {
    await access(candidate, constants.X_OK);
    const path = await realpath(candidate);
    const file = await stat(path);
    if (!file.isFile()) return undefined;
    return { path: resolve(candidate), fingerprint: `${path}:${file.mtimeMs}:${file.size}` };
  } catch {
    return undefined;
  }
}

/**
 * Asks a QEMU for its version.
 *
 * @throws VMCTL_HOST_COMMAND_FAILED when it cannot run or says something else
 */
export async function readVersion(
  host: Pick<PluginHost, 'exec' | 'error'>,
  binary: QemuBinary,
  signal?: AbortSignal,
): Promise<QemuVersion> {
  const { stdout } = await host.exec(binary.path, ['--version'], { timeoutMs: 10_000, signal });
  const version = parseVersion(stdout);
  if (version !== undefined) return version;
  throw host.error('VMCTL_HOST_COMMAND_FAILED', {
    message: `${binary.path} --version does not say which version of QEMU it is: ${stdout.trim().slice(0, 200)}`,
    details: { command: binary.path },
  });
}

/** Reads the first line of `qemu-system-x86_64 --version`. */
export function parseVersion(text: string): QemuVersion | undefined {
  const match = /^QEMU emulator version (\d+)\.(\d+)(?:\.(\d+))?[^\n(]*(?:\(([^)\n]*)\))?/m.exec(text);
  if (match === null) return undefined;
  const [, major, minor, micro = '0', label = ''] = match;
  return { major: Number(major), minor: Number(minor), micro: Number(micro), package: label };
}
