import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Exec } from '@vmctl/core/plugin';
import { messageOf } from './thrown.js';

/** What the guest writes to the exit device; QEMU then exits with `(value << 1) | 1`. */
const EXIT_VALUE = 0x2a;
export const EXIT_CODE = (EXIT_VALUE << 1) | 1;
const EXIT_PORT = 0xf4;

/** SeaBIOS boots no smaller disk than that. */
const DISK_BYTES = 1024 * 1024;

/**
 * A guest of a few instructions: it ends QEMU through the exit device.
 *
 * ```
 * mov dx, 0xf4
 * mov al, 0x2a
 * out dx, al
 * hlt
 * ```
 */
export function exitingDisk(): Uint8Array {
  const disk = new Uint8Array(DISK_BYTES);
  disk.set([0xba, EXIT_PORT, 0x00, 0xb0, EXIT_VALUE, 0xee, 0xf4, 0xeb, 0xfd]);
  disk.set([0x55, 0xaa], 510);
  return disk;
}

/** How the guest ended. */
export type BootTrial =
  | { readonly ran: true }
  | {
      readonly ran: false;
      /** One line, QEMU's own words where there are any. */ readonly why: string;
      readonly timedOut: boolean;
    };

/**
 * Runs that guest on the kind of machine that VMs get, with the processor that they get: an accelerator can open, make
 * a machine, and still fail with the first instructions or with `-cpu host`.
 */
export async function tryBoot(options: {
  readonly exec: Exec;
  readonly qemu: string;
  readonly accelerator: 'kvm' | 'tcg';
  readonly timeoutMs: number;
}): Promise<BootTrial> {
  const { exec, qemu, accelerator, timeoutMs } = options;
  const directory = await mkdtemp(join(tmpdir(), 'vmctl-boot-'));
  try {
    await writeFile(join(directory, 'disk'), exitingDisk());
    const started = performance.now();
    const args = [
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'q35', '-m', '64M'],
      ...['-accel', accelerator, '-cpu', accelerator === 'kvm' ? 'host' : 'max'],
      ...['-device', `isa-debug-exit,iobase=${EXIT_PORT},iosize=1`],
      ...['-blockdev', 'driver=raw,node-name=disk,read-only=on,file.driver=file,file.filename=disk'],
      ...['-device', 'virtio-blk-pci,drive=disk,bootindex=0'],
    ];
    try {
      // A QEMU that aborts may leave its core in the working directory, which is removed.
      const result = await exec(qemu, args, { cwd: directory, allowFailure: true, timeoutMs });
      if (result.exitCode === EXIT_CODE) return { ran: true };
      return {
        ran: false,
        why: firstLine(result.stderr) ?? `QEMU exited with ${result.exitCode}`,
        timedOut: false,
      };
    } catch (error) {
      const timedOut = performance.now() - started >= timeoutMs;
      const message = messageOf(error);
      return {
        ran: false,
        why: timedOut
          ? `the guest did not run its first instructions within ${timeoutMs / 1000} s`
          : (qemuLine(message) ?? firstLine(message) ?? 'QEMU failed'),
        timedOut,
      };
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** QEMU's first complaint in a longer text, without the program's name. */
function qemuLine(text: string): string | undefined {
  return /^\S*qemu\S*: (?:error: )?(.+)$/m.exec(text)?.[1];
}

function firstLine(text: string): string | undefined {
  return (
    qemuLine(text) ??
    text
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim()
  );
}
