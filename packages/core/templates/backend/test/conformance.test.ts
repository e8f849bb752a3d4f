import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hypervisorConformance } from '@vmctl/conformance';
import plugin from '../src/plugin.js';

// What every backend owes to vmctl: https://www.npmjs.com/package/@vmctl/conformance
await hypervisorConformance(
  { describe, it },
  {
    plugin,
    backend: 'template-word',
    // What the backend has outside of the work directories. The kit looks for what a failure has left.
    inventory: async (directory) => processesBelow(directory),
    // Ends a VM behind the backend's back.
    crash: async ({ pid }) => {
      if (pid === null) throw new Error('the VM does not run');
      process.kill(pid, 'SIGKILL');
      while (await isAlive(pid)) await new Promise(setImmediate);
    },
  },
);

/** Processes whose working directory is below a directory, as /proc tells. */
async function processesBelow(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const cwd = await readlink(join('/proc', pid, 'cwd')).catch(() => '');
    if (cwd.startsWith(directory)) found.push(`process ${pid} in ${cwd}`);
  }
  return found;
}

async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return status !== undefined && !/^\d+ \(.*\) Z/.test(status);
}
