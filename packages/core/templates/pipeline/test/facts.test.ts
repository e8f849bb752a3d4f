import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { createFakeHost, createUpContext } from '@vmctl/core/testing';
import plugin from '../src/plugin.js';

describe('after the stage ready', () => {
  let directory: string;
  const host = createFakeHost();

  before(() => host.apply(plugin));
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'template-word-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('writes what the guest says to the file of the VM', async () => {
    const file = join(directory, 'facts/web.json');
    const ctx = createUpContext({ definition: { extensions: { 'template-word': { file } } } });
    ctx.guest.on('uname -sr', { stdout: 'Linux 6.1.0\n' });
    await host.hooks.up.ready.promise(ctx);
    const facts = JSON.parse(await readFile(file, 'utf8'));
    assert.equal(facts.name, 'web');
    assert.equal(facts.kernel, 'Linux 6.1.0');
  });

  it('leaves VMs without the node alone', async () => {
    const ctx = createUpContext();
    await host.hooks.up.ready.promise(ctx);
    assert.deepEqual(ctx.guest.calls, []);
  });

  it('fails with the words of the guest, and writes nothing', async () => {
    const file = join(directory, 'web.json');
    const ctx = createUpContext({ definition: { extensions: { 'template-word': { file } } } });
    ctx.guest.on('hostname', { exitCode: 127, stderr: 'hostname: not found\n' });
    await assert.rejects(host.hooks.up.ready.promise(ctx), {
      code: 'TEMPLATE_WORD_FAILED',
      message: /hostname: not found/,
    });
    assert.deepEqual(await readdir(directory), []);
  });
});
