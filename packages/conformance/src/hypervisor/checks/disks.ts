import assert from 'node:assert/strict';
import type { VmHandle } from '@vmctl/core/plugin';
import { throughJson } from '../../json.js';
import type { HypervisorCheck } from '../facts.js';

const GIB = 2 ** 30;

/** Disks that are changed after `prepare`. */
export const diskChecks: readonly HypervisorCheck[] = [
  {
    id: 'disks-can-grow',
    title:
      '`growDisk` makes the disk of a VM that does not run larger and never smaller, and the VM starts with it',
    skip: ({ supports }) => (supports.growDisk === true ? undefined : 'supports.growDisk is not true'),
    async run(lab) {
      const { hypervisor } = lab;
      const context = lab.context();
      const grow = async (vm: VmHandle, bytes: number): Promise<VmHandle> => {
        const given = throughJson(vm);
        const growing = hypervisor.growDisk?.(vm, bytes, context);
        assert.ok(growing !== undefined, 'supports.growDisk is true, and there is no growDisk');
        const grown = await lab.call('growDisk', growing);
        assert.deepEqual(throughJson(vm), given, 'growDisk has changed what it was given');
        return grown;
      };
      let vm = await lab.running();
      vm = await lab.call('stop', hypervisor.stop(vm, { timeoutMs: 0 }, context));
      for (const gib of [2, 2, 3, 1]) {
        const before = vm.disk_gb ?? 0;
        vm = await grow(vm, gib * GIB);
        await lab.expectState(vm, ['stopped'], 'after growDisk');
        assert.equal(vm.disk_gb, Math.max(before, gib), 'the handle says another size');
      }
      vm = await lab.call('start', hypervisor.start(vm, context));
      await lab.expectState(vm, ['running'], 'with a disk that has grown');
      const late = hypervisor.growDisk?.(vm, 4 * GIB, context);
      assert.ok(late !== undefined);
      await assert.rejects(
        lab.call('growDisk', late),
        { code: 'VMCTL_VM_WRONG_STATE' },
        'the disk of a VM that runs was changed',
      );
      await lab.expectState(vm, ['running'], 'after growDisk was refused');
    },
  },
];
