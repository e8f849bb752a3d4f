import assert from 'node:assert/strict';
import { until } from '../../bounded.js';
import { readTree } from '../../tree.js';
import { type HypervisorCheck, unlessSuspends } from '../facts.js';
import type { HypervisorLab } from '../lab.js';

/** A guest that does not listen gets so long, in milliseconds. */
const SHORT_MS = 50;

/** Fails when `destroy` left something, or took what is core's. */
async function expectOnlyCoreFiles(lab: HypervisorLab, name: string): Promise<void> {
  const left = Object.keys(await readTree(`${lab.directory}/vms/${name}`));
  assert.deepEqual(
    left,
    ['provision.log', 'seed.iso'],
    'after destroy, the work directory must hold what core put into it, and nothing else',
  );
}

/** How VMs end. */
export const endingChecks: readonly HypervisorCheck[] = [
  {
    id: 'stop-is-idempotent',
    title: 'stopping a VM that does not run changes nothing, however often',
    async run(lab) {
      const { hypervisor } = lab;
      const prepared = await lab.prepare();
      const untouched = await lab.call('stop', hypervisor.stop(prepared, { timeoutMs: 0 }, lab.context()));
      await lab.expectState(untouched, ['prepared', 'stopped'], 'after stop of a VM that never ran');
      let vm = await lab.call('start', hypervisor.start(untouched, lab.context()));
      for (const timeoutMs of [0, 0, 5_000]) {
        vm = await lab.call('stop', hypervisor.stop(vm, { timeoutMs }, lab.context()));
        await lab.expectState(vm, ['stopped'], 'after stop');
      }
    },
  },
  {
    id: 'stop-ends-by-force',
    title: 'a guest that does not power off in time is ended by force',
    async run(lab) {
      const vm = await lab.running();
      const { hypervisor } = lab;
      const stopped = await lab.call('stop', hypervisor.stop(vm, { timeoutMs: SHORT_MS }, lab.context()));
      await lab.expectState(stopped, ['stopped'], 'after stop');
    },
  },
  {
    id: 'stop-asks-the-guest',
    title: '`stop` asks the guest to power off, and does not use force on one that does',
    skip: ({ guest }) => (guest ? undefined : 'the subject has no guest'),
    async run(lab) {
      const { guest } = lab.subject;
      assert.ok(guest !== undefined, 'the subject has a guest');
      const vm = await lab.running();
      await guest.ready(vm);
      const context = lab.context();
      const powerOff = guest.powerOff && (async (signal: AbortSignal) => guest.powerOff?.(vm, signal));
      const request = { timeoutMs: guest.powerOffMs, powerOff };
      const stopped = await lab.hypervisor.stop(vm, request, context);
      await lab.expectState(stopped, ['stopped'], 'after stop');
      const warnings = context.seen.filter(({ type }) => type === 'warning');
      assert.deepEqual(warnings, [], 'a guest that powered off in time is nothing to warn about');
      const byItself = (await guest.poweredOff?.(vm, context.seen)) ?? true;
      assert.ok(byItself, 'the guest was ended by force');
    },
  },
  {
    id: 'destroy-is-idempotent',
    title: 'destroying a VM that is gone changes nothing, however often',
    async run(lab) {
      const { hypervisor } = lab;
      const vm = await lab.prepare();
      for (const times of ['first', 'second', 'third']) {
        await lab.call('destroy', hypervisor.destroy(vm, lab.context()));
        await lab.expectState(vm, ['destroyed'], `after the ${times} destroy`);
      }
    },
  },
  {
    id: 'destroy-removes-what-was-made',
    title: '`destroy` removes all that the backend made, and nothing of core’s',
    async run(lab) {
      const { hypervisor } = lab;
      const running = await lab.running();
      const stopped = await lab.call('stop', hypervisor.stop(running, { timeoutMs: 0 }, lab.context()));
      await lab.call('destroy', hypervisor.destroy(stopped, lab.context()));
      await expectOnlyCoreFiles(lab, stopped.name);
      assert.deepEqual(await lab.leftovers(), [], 'destroy has left something on the host');
    },
  },
  {
    id: 'destroy-ends-a-running-vm',
    title: '`destroy` ends a running VM and removes it',
    async run(lab) {
      const vm = await lab.running();
      await lab.call('destroy', lab.hypervisor.destroy(vm, lab.context()));
      await lab.expectState(vm, ['destroyed'], 'after destroy');
      await expectOnlyCoreFiles(lab, vm.name);
      assert.deepEqual(await lab.leftovers(), [], 'destroy has left something on the host');
    },
  },
  {
    id: 'destroy-ends-a-suspended-vm',
    title: '`destroy` ends a suspended VM and removes it',
    skip: unlessSuspends,
    async run(lab) {
      const running = await lab.running();
      const vm = await lab.call('suspend', lab.hypervisor.suspend(running, lab.context()));
      await lab.call('destroy', lab.hypervisor.destroy(vm, lab.context()));
      await lab.expectState(vm, ['destroyed'], 'after destroy');
      await expectOnlyCoreFiles(lab, vm.name);
    },
  },
  {
    id: 'image-is-never-written',
    title: 'the image is the same after a VM has lived and died on it',
    async run(lab) {
      const images = `${lab.directory}/images`;
      const before = await readTree(images);
      const vm = await lab.running();
      const { hypervisor } = lab;
      await lab.call('stop', hypervisor.stop(vm, { timeoutMs: SHORT_MS }, lab.context()));
      await lab.call('destroy', hypervisor.destroy(vm, lab.context()));
      assert.deepEqual(await readTree(images), before, 'the image has changed');
    },
  },
  {
    id: 'crash-is-seen',
    title: 'a VM that was ended from outside is not seen as running',
    skip: ({ crash }) => (crash ? undefined : 'the subject has no crash()'),
    async run(lab) {
      const vm = await lab.running();
      await lab.subject.crash?.(vm);
      const observer = await lab.another();
      const seen = await lab.call('state', observer.state(vm, lab.context()));
      assert.ok(
        seen.name === 'stopped' || seen.name === 'failed',
        `after a crash the VM is ${seen.name}, and should be stopped or failed`,
      );
      const own = await lab.state(vm);
      assert.ok(own !== 'running', 'the instance that started it still believes that it runs');
    },
  },
  {
    id: 'crash-can-be-survived',
    title: 'a VM that was ended from outside can be started, stopped and destroyed',
    skip: ({ crash }) => (crash ? undefined : 'the subject has no crash()'),
    async run(lab) {
      const { hypervisor, subject } = lab;
      let vm = await lab.running();
      await subject.crash?.(vm);
      vm = await lab.call('stop', hypervisor.stop(vm, { timeoutMs: 0 }, lab.context()));
      await lab.expectState(vm, ['stopped'], 'after crash and stop');
      vm = await lab.call('start', hypervisor.start(vm, lab.context()));
      await lab.expectState(vm, ['running'], 'after crash and start');
      await subject.crash?.(vm);
      await lab.call('destroy', hypervisor.destroy(vm, lab.context()));
      await lab.expectState(vm, ['destroyed'], 'after crash and destroy');
      await until('the end of what the VM was', 10_000, async () => (await lab.leftovers()).length === 0);
    },
  },
];
