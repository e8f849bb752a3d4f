import assert from 'node:assert/strict';
import { VM_STATE_NAMES } from '../variants.js';
import type { HypervisorCheck } from '../facts.js';
import type { HypervisorLab } from '../lab.js';
import type { VmHandle } from '@vmctl/core/plugin';

const NAMES = ['one', 'two', 'three'] as const;

/** Fails when two VMs share what each needs for itself. */
async function expectApart(lab: HypervisorLab, vms: readonly VmHandle[]): Promise<void> {
  const pids = vms.flatMap(({ pid }) => pid ?? []);
  assert.equal(new Set(pids).size, pids.length, 'two VMs have one process');
  const addresses = await Promise.all(vms.map((vm) => lab.hypervisor.guestAddress(vm, lab.context())));
  const ends = addresses.flatMap((each) => (each.kind === 'tcp' ? [`${each.host}:${each.port}`] : []));
  assert.equal(new Set(ends).size, ends.length, 'two VMs have one address');
  const consoles = vms.flatMap((vm) => {
    const endpoint = lab.hypervisor.console(vm);
    if (endpoint.kind === 'none') return [];
    return [endpoint.kind === 'unix-socket' ? endpoint.path : endpoint.url];
  });
  assert.equal(new Set(consoles).size, consoles.length, 'two VMs have one console');
}

/** Several things at once. */
export const concurrencyChecks: readonly HypervisorCheck[] = [
  {
    id: 'several-vms-at-once',
    title: 'several VMs can be made, started, stopped and destroyed at the same time',
    async run(lab) {
      const { hypervisor } = lab;
      const context = lab.context();
      const prepared = await Promise.all(NAMES.map((name) => lab.prepare(name)));
      const running = await Promise.all(
        prepared.map((vm) => lab.call('start', hypervisor.start(vm, context))),
      );
      for (const vm of running) await lab.expectState(vm, ['running'], `after its start, ${vm.name}:`);
      await expectApart(lab, running);
      await Promise.all(
        running.map((vm) => lab.call('stop', hypervisor.stop(vm, { timeoutMs: 0 }, context))),
      );
      for (const vm of running) await lab.expectState(vm, ['stopped'], `after its stop, ${vm.name}:`);
      await Promise.all(running.map((vm) => lab.call('destroy', hypervisor.destroy(vm, context))));
      for (const vm of running) await lab.expectState(vm, ['destroyed'], `after its destroy, ${vm.name}:`);
    },
  },
  {
    id: 'vms-end-one-by-one',
    title: 'stopping or destroying one VM leaves the others as they are',
    async run(lab) {
      const { hypervisor } = lab;
      const [one, two, three] = await Promise.all([
        lab.running('one'),
        lab.running('two'),
        lab.running('three'),
      ]);
      await lab.call('stop', hypervisor.stop(one, { timeoutMs: 0 }, lab.context()));
      await lab.call('destroy', hypervisor.destroy(two, lab.context()));
      await lab.expectState(one, ['stopped'], 'after its stop');
      await lab.expectState(two, ['destroyed'], 'after its destroy');
      await lab.expectState(three, ['running'], 'after the end of the others');
    },
  },
  {
    id: 'instances-work-side-by-side',
    title: 'two instances can start VMs at the same time, as two commands of vmctl do',
    async run(lab) {
      const prepared = await Promise.all(NAMES.map((name) => lab.prepare(name)));
      const running = await Promise.all(
        prepared.map(async (vm) => lab.call('start', (await lab.another()).start(vm, lab.context()))),
      );
      for (const vm of running) await lab.expectState(vm, ['running'], `${vm.name}:`);
      await expectApart(lab, running);
    },
  },
  {
    id: 'looking-on-disturbs-nothing',
    title: 'looking at a VM while it starts and stops gets an answer, and disturbs nothing',
    async run(lab) {
      const { hypervisor } = lab;
      const observer = await lab.another();
      const prepared = await lab.prepare();
      /** Looks again and again until the operation is over. */
      const watched = async (operation: Promise<VmHandle>): Promise<VmHandle> => {
        let over = false;
        const finished = operation.finally(() => {
          over = true;
        });
        const looks = (async () => {
          while (!over) {
            const { name } = await lab.call('state', observer.state(prepared, lab.context()));
            assert.ok(VM_STATE_NAMES.includes(name), `there is no state ${name}`);
            await lab.call('guestAddress', observer.guestAddress(prepared, lab.context()));
            await new Promise((resolve) => setTimeout(resolve, 2));
          }
        })();
        const [result] = await Promise.all([finished, looks]);
        return result;
      };
      const running = await watched(lab.call('start', hypervisor.start(prepared, lab.context())));
      await lab.expectState(running, ['running'], 'after start');
      const stopped = await watched(
        lab.call('stop', hypervisor.stop(running, { timeoutMs: 0 }, lab.context())),
      );
      await lab.expectState(stopped, ['stopped'], 'after stop');
    },
  },
];
