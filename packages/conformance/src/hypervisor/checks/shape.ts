import assert from 'node:assert/strict';
import { DISK_FORMATS, FIRMWARES, NETWORK_TYPES } from '../variants.js';
import type { HypervisorCheck } from '../facts.js';
import { throughJson } from '../../json.js';
import { readTree } from '../../tree.js';

/** What a backend says of itself, and what `prepare` makes. */
export const shapeChecks: readonly HypervisorCheck[] = [
  {
    id: 'supports-is-data',
    title: '`supports` says what the backend can do, the same from every instance',
    async run(lab) {
      const { supports, name } = lab.hypervisor;
      assert.ok(name.trim() !== '', 'a backend has a name');
      for (const flag of ['suspend', 'snapshot', 'forwards'] as const) {
        assert.equal(typeof supports[flag], 'boolean', `supports.${flag} is true or false`);
      }
      assert.ok(
        ['boolean', 'undefined'].includes(typeof supports.growDisk),
        'supports.growDisk is true, false or absent',
      );
      if (supports.liveForwards !== undefined) {
        assert.equal(
          typeof supports.liveForwards,
          'boolean',
          'supports.liveForwards is true, false or absent',
        );
        assert.ok(
          supports.forwards || !supports.liveForwards,
          'supports.liveForwards takes supports.forwards: what cannot be forwarded cannot be changed',
        );
      }
      assert.ok(
        ['unix-socket', 'websocket', 'none'].includes(supports.console),
        `supports.console is unix-socket, websocket or none, not ${supports.console}`,
      );
      const listed = (field: string, values: readonly string[], known: readonly string[]): void => {
        assert.ok(values.length > 0, `supports.${field} has at least one word`);
        const strange = values.filter((value) => !known.includes(value));
        assert.deepEqual(strange, [], `supports.${field} has words that nobody knows`);
      };
      listed('networks', supports.networks, NETWORK_TYPES);
      listed('firmware', supports.firmware, FIRMWARES);
      listed('imageFormats', supports.imageFormats, DISK_FORMATS);
      assert.deepEqual((await lab.another()).supports, supports, 'another instance supports something else');
    },
  },
  {
    id: 'prepare-describes-the-vm',
    title: 'the handle of `prepare` says what was asked for',
    async run(lab) {
      const spec = await lab.spec();
      const vm = lab.adopt(await lab.call('prepare', lab.hypervisor.prepare(spec, lab.context())));
      assert.deepEqual(
        {
          id: vm.id,
          name: vm.name,
          backend: vm.backend,
          work_dir: vm.work_dir,
          vcpus: vm.vcpus,
          memory_mb: vm.memory_mb,
          network: vm.network,
          uefi: vm.uefi,
        },
        {
          id: spec.id,
          name: spec.name,
          backend: lab.hypervisor.name,
          work_dir: spec.workDir,
          vcpus: spec.vcpus,
          memory_mb: spec.memoryMb,
          network: spec.network,
          uefi: spec.firmware === 'uefi',
        },
        'the handle says something else than the specification',
      );
      assert.equal(vm.pid, null, 'a VM that was never started has no process');
      const { subject } = lab;
      if ('backend' in subject) assert.equal(vm.backend, subject.backend, 'the plugin taps another name');
    },
  },
  {
    id: 'prepare-stays-in-the-work-directory',
    title: '`prepare` writes to the work directory alone, and leaves the image and files of core as they are',
    async run(lab) {
      const spec = await lab.spec();
      const before = await readTree(lab.directory);
      lab.adopt(await lab.call('prepare', lab.hypervisor.prepare(spec, lab.context())));
      const after = await readTree(lab.directory);
      const own = (path: string): boolean => path.startsWith(`vms/${spec.name}/`) && !(path in before);
      // Where a backend keeps what it found out about the host is its own business.
      const kept = (path: string): boolean =>
        path === 'cache' ||
        path.startsWith('cache/') ||
        // The locks of the host.
        path === 'data' ||
        path === 'data/.locks' ||
        path.startsWith('data/.locks/');
      const outside = Object.fromEntries(
        Object.entries(after).filter(([path]) => !own(path) && !(kept(path) && !(path in before))),
      );
      assert.deepEqual(outside, before, 'something outside of what the VM owns has changed');
    },
  },
  {
    id: 'no-argument-is-changed',
    title: 'specifications and handles that a call is given stay as they are',
    async run(lab) {
      const { hypervisor } = lab;
      const context = lab.context();
      const unchanged = async <T extends object, R>(
        name: string,
        given: T,
        call: (given: T) => Promise<R>,
      ): Promise<R> => {
        const copy = throughJson(given);
        const result = await lab.call(name, call(given));
        assert.deepEqual(throughJson(given), copy, `${name} has changed what it was given`);
        return result;
      };
      const prepared = lab.adopt(
        await unchanged('prepare', await lab.spec(), (spec) => hypervisor.prepare(spec, context)),
      );
      const running = await unchanged('start', prepared, (vm) => hypervisor.start(vm, context));
      const stopped = await unchanged('stop', running, (vm) =>
        hypervisor.stop(vm, { timeoutMs: 0 }, context),
      );
      await unchanged('destroy', stopped, (vm) => hypervisor.destroy(vm, context));
    },
  },
];
