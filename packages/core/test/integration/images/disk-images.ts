import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** Runs a program of the host; for what tests need around the thing they test. */
export function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Makes a raw disk with a boot sector and, after it, some bytes that do not compress. */
export function makeRawDisk(path: string, bytes: number, noise = Math.min(bytes - 512, 64 * 1024)): void {
  const file = openSync(path, 'w');
  try {
    ftruncateSync(file, bytes);
    writeSync(file, Buffer.from([0x55, 0xaa]), 0, 2, 510);
    if (noise > 0) writeSync(file, randomBytes(noise), 0, noise, 512);
  } finally {
    closeSync(file);
  }
}

/** Makes a qcow2 disk with some data on it. */
export function makeQcow2(path: string, size: string, ...options: readonly string[]): void {
  run('qemu-img', 'create', '-q', '-f', 'qcow2', ...options, path, size);
  run('qemu-io', '-f', 'qcow2', '-c', 'write -P 0x5a 0 1M', '-c', 'write -P 0xa5 3M 64k', path);
}
