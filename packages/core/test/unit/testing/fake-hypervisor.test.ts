import { describe, expect, it } from '@jest/globals';
import { createHypervisorContext, createVmSpec } from '../../../src/testing/contexts.js';
import { FakeHypervisor } from '../../../src/testing/fake-hypervisor.js';

const ctx = createHypervisorContext();
const now = { timeoutMs: 0 };

describe('a fake hypervisor', () => {
  it('takes a VM through its life, and says its state at each point', async () => {
    const backend = new FakeHypervisor();
    const states: string[] = [];
    const look = async (): Promise<void> => void states.push((await backend.state(vm, ctx)).name);
    let vm = await backend.prepare(createVmSpec({ name: 'web' }), ctx);
    await look();
    vm = await backend.start(vm, ctx);
    await look();
    await backend.suspend(vm, ctx);
    await look();
    await backend.resume(vm, ctx);
    await look();
    vm = await backend.stop(vm, now, ctx);
    await look();
    await backend.destroy(vm, ctx);
    await look();
    expect(states).toEqual(['prepared', 'running', 'suspended', 'running', 'stopped', 'destroyed']);
    expect(backend.vms).toEqual({});
  });

  it('stops and destroys as often as it is asked to', async () => {
    const backend = new FakeHypervisor();
    const vm = await backend.prepare(createVmSpec(), ctx);
    await backend.stop(vm, now, ctx);
    expect(backend.vms).toEqual({ web: 'prepared' });
    await backend.destroy(vm, ctx);
    await expect(backend.destroy(vm, ctx)).resolves.toBeUndefined();
    await expect(backend.stop(vm, now, ctx)).resolves.toMatchObject({ pid: null });
    expect(backend.vms).toEqual({});
  });

  it('refuses what cannot be done in a state', async () => {
    const backend = new FakeHypervisor();
    const vm = await backend.prepare(createVmSpec(), ctx);
    await expect(backend.suspend(vm, ctx)).rejects.toMatchObject({ code: 'VMCTL_VM_WRONG_STATE' });
    await backend.destroy(vm, ctx);
    await expect(backend.start(vm, ctx)).rejects.toMatchObject({ code: 'VMCTL_VM_WRONG_STATE' });
  });

  it.each([
    ['a network', { networks: ['user' as const] }, { network: { type: 'none' as const } }],
    ['a firmware', { firmware: ['bios' as const] }, { firmware: 'uefi' as const }],
    [
      'an image format',
      { imageFormats: ['qcow2' as const] },
      { image: { path: '/x', format: 'raw' as const, virtualSize: 1 } },
    ],
    ['forwards', { forwards: false }, { forwards: [{ address: '127.0.0.1', host: 0, guest: 80 }] }],
  ])('refuses %s that it does not support, and leaves nothing', async (_what, supports, spec) => {
    const backend = new FakeHypervisor({ supports });
    await expect(backend.prepare(createVmSpec(spec), ctx)).rejects.toMatchObject({
      code: 'VMCTL_BACKEND_UNSUPPORTED',
    });
    expect(backend.vms).toEqual({});
  });

  it('does not suspend when it says that it cannot', async () => {
    const backend = new FakeHypervisor({ supports: { suspend: false } });
    const vm = await backend.start(await backend.prepare(createVmSpec(), ctx), ctx);
    await expect(backend.suspend(vm, ctx)).rejects.toMatchObject({ code: 'VMCTL_BACKEND_UNSUPPORTED' });
    expect(backend.vms).toEqual({ web: 'running' });
  });

  it('gives the address of a guest that runs, and of no other', async () => {
    const address = { kind: 'tcp', host: '127.0.0.1', port: 2222, source: 'test' } as const;
    const backend = new FakeHypervisor({ guestAddress: address });
    const vm = await backend.prepare(createVmSpec(), ctx);
    expect(await backend.guestAddress(vm, ctx)).toEqual({ kind: 'none', reason: 'web is prepared' });
    await backend.start(vm, ctx);
    expect(await backend.guestAddress(vm, ctx)).toEqual(address);
  });

  it('can be inspected while it runs, and not when it is stopped', async () => {
    const backend = new FakeHypervisor();
    const vm = await backend.start(await backend.prepare(createVmSpec(), ctx), ctx);
    expect(await backend.inspect(vm, ctx)).toMatchObject({ status: 'running', problems: [] });
    backend.put('web', 'stopped');
    expect(await backend.inspect(vm, ctx)).toBeUndefined();
  });

  it('fails the call that it was told to, and that one only', async () => {
    const error = new Error('no more memory');
    const backend = new FakeHypervisor().fail('start', { nth: 2, error });
    const vm = await backend.start(await backend.prepare(createVmSpec(), ctx), ctx);
    await backend.stop(vm, now, ctx);
    await expect(backend.start(vm, ctx)).rejects.toBe(error);
    expect(backend.vms).toEqual({ web: 'stopped' });
    await backend.start(vm, ctx);
    expect(backend.vms).toEqual({ web: 'running' });
    expect(backend.calls.map(({ method, state }) => `${method} ${state}`)).toEqual([
      'prepare done',
      'start done',
      'stop done',
      'start failed',
      'start done',
    ]);
  });

  it('fails after the work is done, as when the answer gets lost', async () => {
    const backend = new FakeHypervisor().fail('prepare', { when: 'after' });
    await expect(backend.prepare(createVmSpec(), ctx)).rejects.toMatchObject({ code: 'FAKE_FAULT' });
    expect(backend.vms).toEqual({ web: 'prepared' });
  });

  it('hangs until the call is aborted', async () => {
    const backend = new FakeHypervisor().hang('start');
    const vm = await backend.prepare(createVmSpec(), ctx);
    const controller = new AbortController();
    const start = backend.start(vm, createHypervisorContext({ signal: controller.signal }));
    await backend.called('start');
    expect(backend.calls.at(-1)).toMatchObject({ method: 'start', state: 'open' });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(start).rejects.toBe(reason);
    expect(backend.vms).toEqual({ web: 'prepared' });
  });

  it('does nothing in a call that is aborted already', async () => {
    const backend = new FakeHypervisor();
    const reason = new Error('enough');
    const aborted = createHypervisorContext({ signal: AbortSignal.abort(reason) });
    await expect(backend.prepare(createVmSpec(), aborted)).rejects.toBe(reason);
    expect(backend.vms).toEqual({});
  });

  it('tells when something was called, and says so when it never is', async () => {
    const backend = new FakeHypervisor();
    const called = backend.called('prepare', { times: 2 });
    await backend.prepare(createVmSpec({ name: 'a' }), ctx);
    await backend.prepare(createVmSpec({ name: 'b' }), ctx);
    await called;
    await expect(backend.called('stop', { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'FAKE_DEADLINE',
      message: expect.stringContaining('stop was called 0 of 1 times'),
    });
  });

  it('lets a VM change behind the back of its caller', async () => {
    const backend = new FakeHypervisor();
    const vm = await backend.start(await backend.prepare(createVmSpec(), ctx), ctx);
    backend.put('web', 'failed');
    expect(await backend.state(vm, ctx)).toEqual({ name: 'failed' });
    backend.put('web', 'destroyed');
    expect(await backend.state(vm, ctx)).toEqual({ name: 'destroyed' });
  });
});
