import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createHypervisorContext, createRealHost, createVmSpec } from '@vmctl/core/testing';
import { ProcessBackend } from '../src/backend.js';

describe('the backend', () => {
  let workDir: string;
  let backend: ProcessBackend;
  const ctx = createHypervisorContext();
  const spec = () => createVmSpec({ workDir, network: { type: 'none' } });

  beforeEach(async () => {
    workDir = await mkdtemp(join(tmpdir(), 'template-word-'));
    backend = new ProcessBackend(createRealHost({ directory: workDir }));
  });
  afterEach(async () => {
    await rm(workDir, { recursive: true });
  });

  it('asks the process to end, and the handle forgets it', async () => {
    const running = await backend.start(await backend.prepare(spec(), ctx), ctx);
    assert.equal(typeof running.pid, 'number');
    const stopped = await backend.stop(running, { timeoutMs: 5_000 }, ctx);
    assert.equal(stopped.pid, null);
    assert.deepEqual(await backend.state(stopped), { name: 'stopped' });
  });

  it('says what to write when the VM has a network', async () => {
    const connected = createVmSpec({ workDir, network: { type: 'user' } });
    await assert.rejects(backend.prepare(connected, ctx), {
      code: 'VMCTL_BACKEND_UNSUPPORTED',
      hint: 'Write: network "none"',
    });
  });
});
