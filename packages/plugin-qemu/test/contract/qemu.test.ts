import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { hypervisorConformance } from '@vmctl/conformance';
import type { VmHandle } from '@vmctl/core/plugin';
import { createRealHost } from '@vmctl/core/testing';
import { findProcess } from '../../src/vm-process.js';
import plugin from '../../src/plugin.js';
import { writeGuestImage } from '../support/guest-disk.js';
import { runnerWith } from '../support/requirements.js';
import { saidHello } from '../support/vm-lab.js';

/** Every process whose arguments name that directory. */
async function processesOf(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(`${directory}/`)) found.push(`process ${pid}: ${line.split('\0')[0] ?? ''}`);
  }
  return found;
}

/** Ends a VM's QEMU as the kernel would when memory is short. */
async function crash(vm: VmHandle): Promise<void> {
  const { processes } = createRealHost({ directory: vm.work_dir });
  const identity = await findProcess({ processes }, vm, { search: true });
  if (identity === undefined) throw new Error(`${vm.name} does not run`);
  await processes.signal(identity, 'SIGKILL');
  await processes.waitForExit(identity, { timeoutMs: 10_000 });
}

await hypervisorConformance(runnerWith(['qemu'], { describe, it }), {
  plugin,
  backend: 'qemu',
  image: (directory) => writeGuestImage(join(directory, 'attentive.img'), 'attentive'),
  inventory: processesOf,
  crash,
  guest: { ready: (vm) => saidHello(vm), powerOffMs: 60_000 },
});
