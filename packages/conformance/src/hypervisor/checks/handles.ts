import assert from 'node:assert/strict';
import type { VmHandle } from '@vmctl/core/plugin';
import { assertSurvivesJson, throughJson } from '../../json.js';
import type { HypervisorCheck } from '../facts.js';

const EXTRA = { x_conformance: { kept: [1, 'two', null] } };

/** Fails when a handle is not what vms.json would give back. */
const assertJson = (vm: VmHandle, by: string): void => assertSurvivesJson(vm, `the handle of ${by}`);

/** What is kept of a VM between calls is its handle, and nothing else. */
export const handleChecks: readonly HypervisorCheck[] = [
  {
    id: 'handles-survive-json',
    title: 'every handle is the same after it was in vms.json',
    async run(lab) {
      const { hypervisor } = lab;
      const prepared = await lab.prepare();
      assertJson(prepared, 'prepare');
      const running = await lab.call('start', hypervisor.start(throughJson(prepared), lab.context()));
      assertJson(running, 'start');
      if (hypervisor.supports.suspend) {
        const suspended = await lab.call('suspend', hypervisor.suspend(running, lab.context()));
        assertJson(suspended, 'suspend');
        assertJson(await lab.call('resume', hypervisor.resume(suspended, lab.context())), 'resume');
      }
      assertJson(await lab.call('stop', hypervisor.stop(running, { timeoutMs: 0 }, lab.context())), 'stop');
    },
  },
  {
    id: 'handles-keep-unknown-fields',
    title: 'fields of the handle that the backend does not know are kept',
    async run(lab) {
      const { hypervisor } = lab;
      const context = lab.context();
      const kept = (vm: VmHandle, by: string): VmHandle => {
        assert.deepEqual(vm['x_conformance'], EXTRA.x_conformance, `${by} lost a field of the handle`);
        return vm;
      };
      let vm: VmHandle = { ...(await lab.prepare()), ...EXTRA };
      vm = kept(await lab.call('start', hypervisor.start(vm, context)), 'start');
      kept(await lab.call('start', hypervisor.start(vm, context)), 'start of a running VM');
      if (hypervisor.supports.suspend) {
        vm = kept(await lab.call('suspend', hypervisor.suspend(vm, context)), 'suspend');
        vm = kept(await lab.call('resume', hypervisor.resume(vm, context)), 'resume');
      }
      kept(await lab.call('stop', hypervisor.stop(vm, { timeoutMs: 0 }, context)), 'stop');
    },
  },
  {
    id: 'instances-share-nothing',
    title: 'each call can come from another instance, with the handle alone',
    async run(lab) {
      const context = lab.context();
      const prepared = throughJson(await lab.prepare());
      await lab.expectState(prepared, ['prepared'], 'after prepare');
      const running = throughJson(await lab.call('start', (await lab.another()).start(prepared, context)));
      const seen = await lab.call('state', (await lab.another()).state(running, context));
      assert.equal(seen.name, 'running', 'another instance does not see that the VM runs');
      const stopped = throughJson(
        await lab.call('stop', (await lab.another()).stop(running, { timeoutMs: 0 }, context)),
      );
      assert.equal((await (await lab.another()).state(stopped, context)).name, 'stopped', 'after stop');
      await lab.call('destroy', (await lab.another()).destroy(stopped, context));
      assert.equal((await (await lab.another()).state(stopped, context)).name, 'destroyed', 'after destroy');
    },
  },
  {
    id: 'old-handle-finds-the-vm',
    title: 'a VM whose start was never written down is found with the handle from before',
    async run(lab) {
      const prepared = throughJson(await lab.prepare());
      const running = await lab.call('start', lab.hypervisor.start(prepared, lab.context()));
      const other = await lab.another();
      const context = lab.context();
      assert.equal(
        (await lab.call('state', other.state(prepared, context))).name,
        'running',
        'with the handle from before its start, the running VM is not seen',
      );
      const again = await lab.call('start', other.start(prepared, context));
      assert.equal(again.pid, running.pid, 'a second start made a second VM');
      await lab.call('stop', other.stop(prepared, { timeoutMs: 0 }, context));
      await lab.expectState(running, ['stopped'], 'after stop with the handle from before its start');
    },
  },
];
