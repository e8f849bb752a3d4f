import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from '@jest/globals';
import { hypervisorConformance } from '@vmctl/conformance';
import type { VmHandle } from '@vmctl/core/plugin';
import { createRealHost } from '@vmctl/core/testing';
import { PropolisBackend } from '../../src/propolis-backend.js';
import { findServerProcess } from '../../src/server-process.js';
import { readRecord } from '../../src/vm-record.js';
import { hostOf, inventoryOf } from '../support/illumos-lab.js';
import { makeIllumos, RECORDER_COMMAND } from '../support/illumos-programs.js';

/** One host for all checks, as somebody has one: what a check leaves would be in the way of the next. */
const directory = await mkdtemp(join(await realpath(tmpdir()), 'vmctl-propolis-'));
const illumos = await makeIllumos(directory);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Ends a VM's server as the kernel would when memory is short. */
async function crash(vm: VmHandle): Promise<void> {
  const { processes } = createRealHost({ directory });
  const run = (await readRecord(vm.work_dir))?.run;
  const identity =
    run === undefined || run === null ? undefined : await findServerProcess({ processes }, run);
  if (identity === undefined) throw new Error(`${vm.name} does not run`);
  await processes.signal(identity, 'SIGKILL');
  await processes.waitForExit(identity, { timeoutMs: 10_000 });
}

await hypervisorConformance(
  { describe, it },
  {
    title: 'propolis',
    create: (host) => new PropolisBackend(host, { recorderCommand: RECORDER_COMMAND }),
    createHost: (below) => hostOf(below, illumos),
    spec: { network: { type: 'vnic' } },
    inventory: (below) => inventoryOf(illumos.fake, below),
    crash,
    guest: {
      ready: async () => undefined,
      powerOff: async (vm) => {
        const port = (await readRecord(vm.work_dir))?.run?.port;
        await fetch(`http://127.0.0.1:${port}/fake/power-off`, { method: 'POST' });
      },
      powerOffMs: 30_000,
    },
  },
);
