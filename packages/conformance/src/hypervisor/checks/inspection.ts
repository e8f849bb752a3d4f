import assert from 'node:assert/strict';
import type { DiskInspection, VmInspection } from '@vmctl/core/plugin';
import { assertSurvivesJson } from '../../json.js';
import type { HypervisorCheck, HypervisorFacts } from '../facts.js';

const unlessInspects = ({ inspects }: HypervisorFacts): string | undefined =>
  inspects ? undefined : 'the backend has no inspect()';

/** Fails for what no quantity can be. */
function assertCounts(what: string, counts: Readonly<Record<string, number | undefined>>): void {
  for (const [name, count] of Object.entries(counts)) {
    assert.ok(
      count === undefined || (Number.isInteger(count) && count >= 0),
      `${what}: ${name} cannot be ${count}`,
    );
  }
}

function assertDisks(disks: readonly DiskInspection[]): void {
  const names = disks.map(({ name }) => name);
  assert.ok(!names.includes(''), 'a disk has a name');
  assert.equal(new Set(names).size, names.length, 'two disks have one name');
  for (const { name, sizeBytes, allocatedBytes, readBytes, writtenBytes } of disks) {
    assertCounts(`disk ${name}`, { sizeBytes, allocatedBytes, readBytes, writtenBytes });
  }
}

function assertInspection(found: VmInspection): void {
  assertSurvivesJson(found, 'an inspection');
  assert.ok(Array.isArray(found.problems), 'an inspection has its problems, if only none');
  for (const problem of found.problems) assert.ok(problem.trim() !== '', 'a problem is a sentence');
  const { bytes, usableBytes } = found.memory ?? {};
  assertCounts('the VM', { vcpus: found.vcpus, bytes, usableBytes });
  const { startedAt } = found;
  assert.ok(
    startedAt === undefined || !Number.isNaN(Date.parse(startedAt)),
    `${startedAt ?? ''} is no moment in ISO 8601`,
  );
  assertDisks(found.disks ?? []);
}

/** What a backend says beyond the state. */
export const inspectionChecks: readonly HypervisorCheck[] = [
  {
    id: 'inspection-is-well-formed',
    title: '`inspect` tells of a running VM what it is, without a problem, and leaves it as it is',
    skip: unlessInspects,
    async run(lab) {
      const vm = await lab.running();
      for (const times of ['first', 'second']) {
        const found = await lab.call('inspect', Promise.resolve(lab.hypervisor.inspect?.(vm, lab.context())));
        assert.ok(found !== undefined, `nothing is said of a running VM, the ${times} time`);
        assertInspection(found);
        assert.deepEqual(found.problems, [], 'a VM that is well is inspected without a problem');
        if (found.vcpus !== undefined) assert.equal(found.vcpus, vm.vcpus, 'the processors are others');
      }
      await lab.expectState(vm, ['running'], 'after inspect');
    },
  },
  {
    id: 'nothing-to-inspect-at-rest',
    title: '`inspect` says nothing of a VM that does not run, whether it was started before or not',
    skip: unlessInspects,
    async run(lab) {
      const { hypervisor } = lab;
      const expectNothing = async (vm: Parameters<typeof hypervisor.state>[0], when: string) => {
        const found = await lab.call('inspect', Promise.resolve(hypervisor.inspect?.(vm, lab.context())));
        assert.equal(found, undefined, `something is said of a VM ${when}`);
      };
      const prepared = await lab.prepare();
      await expectNothing(prepared, 'that was never started');
      const running = await lab.call('start', hypervisor.start(prepared, lab.context()));
      const stopped = await lab.call('stop', hypervisor.stop(running, { timeoutMs: 0 }, lab.context()));
      await expectNothing(stopped, 'that was stopped');
      await lab.call('destroy', hypervisor.destroy(stopped, lab.context()));
      await expectNothing(stopped, 'that was destroyed');
    },
  },
];
