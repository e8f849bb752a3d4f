import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { hypervisorConformance } from '@vmctl/conformance';
import { createRealHost } from '@vmctl/core/testing';
import plugin from '../dist/plugin.js';
import { findProcess } from '../dist/vm-process.js';

/** Every QEMU whose arguments name that directory. */
async function processesOf(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(`${directory}/`)) found.push(`process ${pid}`);
  }
  return found;
}

await hypervisorConformance(
  { describe, it },
  {
    plugin,
    backend: 'microvm',
    inventory: processesOf,
    async crash(vm) {
      const { processes } = createRealHost({ directory: vm.work_dir });
      const running = await findProcess({ processes }, vm);
      if (running === undefined) throw new Error(`${vm.name} does not run`);
      await processes.signal(running, 'SIGKILL');
      await processes.waitForExit(running, { timeoutMs: 10_000 });
    },
  },
);
