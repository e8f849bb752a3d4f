import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hypervisor } from '@vmctl/core/plugin';
import { createHypervisorContext, createRealHost, createVmSpec } from '@vmctl/core/testing';
import { MicrovmBackend } from '../dist/microvm-backend.js';

const DISK_BYTES = 1024 * 1024;
const LIMIT_MS = 60_000;

/** A disk whose boot sector writes a letter to the serial port, and waits for ever. */
function bootDisk(letter: string): Uint8Array {
  const disk = new Uint8Array(DISK_BYTES);
  disk.set([
    ...[0xba, 0xf8, 0x03], // mov dx, 0x3f8 (COM1)
    ...[0xb0, letter.charCodeAt(0)], // mov al, letter
    0xee, // out dx, al
    0xf4, // hlt
    ...[0xeb, 0xfd], // jmp back to hlt
  ]);
  disk.set([0x55, 0xaa], 510);
  return disk;
}

describe('a microvm', () => {
  let directory: string;
  let backend: Hypervisor;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vmctl-microvm-test-'));
    backend = new MicrovmBackend(createRealHost({ directory }));
  });
  after(() => rm(directory, { recursive: true }));

  it('boots a disk through its boot loader, and shows its serial port in console.log', async () => {
    const path = join(directory, 'boot.img');
    await writeFile(path, bootDisk('@'));
    const workDir = join(directory, 'web');
    await mkdir(workDir);
    const ctx = createHypervisorContext({ signal: AbortSignal.timeout(LIMIT_MS) });
    const image = { path, format: 'raw', virtualSize: DISK_BYTES } as const;
    const spec = createVmSpec({
      backend: 'microvm',
      workDir,
      image,
      memoryMb: 64,
      network: { type: 'none' },
    });
    const prepared = await backend.prepare(spec, ctx);
    try {
      const running = await backend.start(prepared, ctx);
      const consoleText = (): Promise<string> =>
        readFile(join(workDir, 'console.log'), 'utf8').catch(() => '');
      while (!(await consoleText()).includes('@')) await sleep(50, undefined, { signal: ctx.signal });
      assert.equal((await backend.state(running, ctx)).name, 'running');
    } finally {
      await backend.destroy(prepared, createHypervisorContext());
    }
    assert.equal((await backend.state(prepared, ctx)).name, 'destroyed');
  });
});
