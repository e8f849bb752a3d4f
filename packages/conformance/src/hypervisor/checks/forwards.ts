import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { PortForward, VmHandle } from '@vmctl/core/plugin';
import { throughJson } from '../../json.js';
import type { HypervisorCheck } from '../facts.js';

/** Forwarded ports that are changed after `prepare`. */
export const forwardChecks: readonly HypervisorCheck[] = [
  {
    id: 'forwards-can-be-changed',
    title: '`setForwards` changes the forwards of a VM that runs and of one that does not, and nothing else',
    skip: ({ supports }) =>
      supports.liveForwards === true ? undefined : 'supports.liveForwards is not true',
    async run(lab) {
      const { hypervisor } = lab;
      const context = lab.context();
      const forwards = [{ address: '127.0.0.1', host: await freePort(), guest: 80 }];
      const set = async (vm: VmHandle, wanted: readonly PortForward[]): Promise<VmHandle> => {
        const given = throughJson(vm);
        const changing = hypervisor.setForwards?.(vm, wanted, context);
        assert.ok(changing !== undefined, 'supports.liveForwards is true, and there is no setForwards');
        const changed = await lab.call('setForwards', changing);
        assert.deepEqual(throughJson(vm), given, 'setForwards has changed what it was given');
        const expected = throughJson({ ...vm, forwards: wanted });
        assert.deepEqual(throughJson(changed), expected, 'the handle says something else than was asked for');
        return changed;
      };
      let vm = await lab.running();
      for (const wanted of [forwards, forwards, [], forwards]) {
        vm = await set(vm, wanted);
        await lab.expectState(vm, ['running'], 'after setForwards');
      }
      vm = await lab.call('stop', hypervisor.stop(vm, { timeoutMs: 0 }, context));
      assert.deepEqual(throughJson(vm.forwards ?? []), forwards, '`stop` has changed the forwards');
      vm = await set(vm, []);
      await lab.expectState(vm, ['stopped'], 'after setForwards');
    },
  },
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}
