import assert from 'node:assert/strict';
import { assertVmctlError } from '../../error-shape.js';
import { outcomeOf } from '../../bounded.js';
import { type HypervisorCheck, unlessSuspends } from '../facts.js';

const NOT_RUNNING = ['VMCTL_VM_NOT_RUNNING', 'VMCTL_VM_WRONG_STATE'];

/** From one state to the next. */
export const lifeCycleChecks: readonly HypervisorCheck[] = [
  {
    id: 'states-follow-the-calls',
    title: 'a VM is seen as prepared, running, stopped, running again, and destroyed',
    async run(lab) {
      const { hypervisor } = lab;
      const context = lab.context();
      const prepared = await lab.prepare();
      await lab.expectState(prepared, ['prepared'], 'after prepare');
      const running = await lab.call('start', hypervisor.start(prepared, context));
      await lab.expectState(running, ['running'], 'after start');
      const stopped = await lab.call('stop', hypervisor.stop(running, { timeoutMs: 0 }, context));
      await lab.expectState(stopped, ['stopped'], 'after stop');
      const again = await lab.call('start', hypervisor.start(stopped, context));
      await lab.expectState(again, ['running'], 'after the second start');
      await lab.call('stop', hypervisor.stop(again, { timeoutMs: 0 }, context));
      await lab.call('destroy', hypervisor.destroy(again, context));
      await lab.expectState(again, ['destroyed'], 'after destroy');
    },
  },
  {
    id: 'handles-follow-the-process',
    title: 'the handle of `start` says that it booted, and that of `stop` names no process',
    async run(lab) {
      const running = await lab.running();
      assert.equal(running.booted, true, 'after start, `booted` is true');
      const state = await lab.call('state', lab.hypervisor.state(running, lab.context()));
      if (state.pid !== undefined)
        assert.equal(state.pid, running.pid, 'state and handle name two processes');
      const { hypervisor } = lab;
      const stopped = await lab.call('stop', hypervisor.stop(running, { timeoutMs: 0 }, lab.context()));
      assert.equal(stopped.pid, null, 'after stop, `pid` is null');
      assert.equal(stopped.booted, true, 'after stop, `booted` is still true');
    },
  },
  {
    id: 'start-of-a-running-vm',
    title: 'starting a running VM returns it as it is',
    async run(lab) {
      const running = await lab.running();
      const again = await lab.call('start', lab.hypervisor.start(running, lab.context()));
      assert.deepEqual(again, running, 'the second start has changed the handle');
      await lab.expectState(running, ['running'], 'after the second start');
    },
  },
  {
    id: 'start-of-a-destroyed-vm',
    title: 'starting a VM that was destroyed fails with a code and a hint, and makes nothing',
    async run(lab) {
      const vm = await lab.prepare();
      await lab.call('destroy', lab.hypervisor.destroy(vm, lab.context()));
      const outcome = await lab.call('start', outcomeOf(lab.hypervisor.start(vm, lab.context())));
      assert.equal(outcome.kind, 'rejected', 'a VM that was destroyed has started');
      if (outcome.kind === 'rejected') assertVmctlError(outcome.error, 'start', { hint: true });
      await lab.expectState(vm, ['destroyed'], 'after a start that failed');
      assert.deepEqual(await lab.leftovers(), [], 'a start that failed has left something behind');
    },
  },
  {
    id: 'suspend-and-resume',
    title: 'a running VM can be suspended and resumed, and each again without effect',
    skip: unlessSuspends,
    async run(lab) {
      const { hypervisor } = lab;
      const context = lab.context();
      let vm = await lab.running();
      for (const times of ['first', 'second']) {
        vm = await lab.call('suspend', hypervisor.suspend(vm, context));
        await lab.expectState(vm, ['suspended'], `after the ${times} suspend`);
      }
      for (const times of ['first', 'second']) {
        vm = await lab.call('resume', hypervisor.resume(vm, context));
        await lab.expectState(vm, ['running'], `after the ${times} resume`);
      }
    },
  },
  {
    id: 'suspend-needs-a-running-vm',
    title: 'suspending or resuming a VM that does not run fails with a code and a hint, and changes nothing',
    skip: unlessSuspends,
    async run(lab) {
      const { hypervisor } = lab;
      const vm = await lab.prepare();
      for (const verb of ['suspend', 'resume'] as const) {
        const outcome = await lab.call(verb, outcomeOf(hypervisor[verb](vm, lab.context())));
        assert.equal(outcome.kind, 'rejected', `${verb} of a VM that was never started has succeeded`);
        if (outcome.kind === 'rejected') {
          assertVmctlError(outcome.error, verb, { codes: NOT_RUNNING, hint: true });
        }
        await lab.expectState(vm, ['prepared'], `after ${verb}`);
      }
    },
  },
  {
    id: 'start-wakes-a-suspended-vm',
    title: 'starting a suspended VM lets it go on',
    skip: unlessSuspends,
    async run(lab) {
      const { hypervisor } = lab;
      const running = await lab.running();
      const suspended = await lab.call('suspend', hypervisor.suspend(running, lab.context()));
      const awake = await lab.call('start', hypervisor.start(suspended, lab.context()));
      await lab.expectState(awake, ['running'], 'after start');
      assert.equal(awake.pid, running.pid, 'start has made another process of a suspended VM');
    },
  },
  {
    id: 'suspended-vm-stops',
    title: 'a suspended VM can be stopped, and started afresh',
    skip: unlessSuspends,
    async run(lab) {
      const { hypervisor } = lab;
      const running = await lab.running();
      const suspended = await lab.call('suspend', hypervisor.suspend(running, lab.context()));
      const stopped = await lab.call('stop', hypervisor.stop(suspended, { timeoutMs: 0 }, lab.context()));
      await lab.expectState(stopped, ['stopped'], 'after stop');
      const again = await lab.call('start', hypervisor.start(stopped, lab.context()));
      await lab.expectState(again, ['running'], 'after start');
    },
  },
];
