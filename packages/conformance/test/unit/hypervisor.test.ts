import { describe, expect, it } from '@jest/globals';
import { hypervisorChecks, hypervisorConformance } from '../../src/index.js';
import { ConsoleBackend } from '../defects/console.js';
import { GrowingBackend } from '../defects/disks.js';
import { ForwardingBackend } from '../defects/forwards.js';
import { hypervisorDefects } from '../defects/hypervisor.js';
import { InspectingBackend } from '../defects/inspection.js';
import { MEMORY_SUPPORTS, MemoryBackend } from '../support/memory-backend.js';
import { memorySubject, type MemoryFactory } from '../support/memory-subject.js';
import { RecordingRunner } from '../support/recording-runner.js';

async function define(create?: MemoryFactory, callMs?: number): Promise<RecordingRunner> {
  const runner = new RecordingRunner();
  await hypervisorConformance(runner, memorySubject(create, callMs));
  return runner;
}

const CONSOLES = ['console-can-be-opened', 'console-of-a-vm-at-rest'];
const INSPECTIONS = ['inspection-is-well-formed', 'nothing-to-inspect-at-rest'];

class WithoutSuspend extends MemoryBackend {
  override readonly supports = { ...MEMORY_SUPPORTS, suspend: false };
}

describe('a correct backend', () => {
  it('passes every check, and only what it supports is skipped', async () => {
    const runner = await define();
    const failures = [];
    for (const id of runner.ids) {
      const verdict = await runner.run(id);
      if (verdict.status !== 'passed') failures.push({ id, verdict });
    }
    expect(failures).toEqual([]);
    expect(runner.headings).toEqual(['memory as a hypervisor']);
    expect(runner.skipped).toEqual([
      expect.stringMatching(/^refuses-suspend: .*\(skipped: it supports suspend\)$/),
      expect.stringMatching(/^disks-can-grow: .*\(skipped: supports\.growDisk is not true\)$/),
      expect.stringMatching(/^forwards-can-be-changed: .*\(skipped: supports\.liveForwards is not true\)$/),
      expect.stringMatching(/^console-can-be-opened: .*\(skipped: the backend has no openConsole\(\)\)$/),
      expect.stringMatching(/^console-of-a-vm-at-rest: .*\(skipped: the backend has no openConsole\(\)\)$/),
      expect.stringMatching(/^inspection-is-well-formed: .*\(skipped: the backend has no inspect\(\)\)$/),
      expect.stringMatching(/^nothing-to-inspect-at-rest: .*\(skipped: the backend has no inspect\(\)\)$/),
    ]);
  });

  it('whose forwards can be changed is asked to do it', async () => {
    const runner = await define((host, engine) => new ForwardingBackend(host, engine));
    expect(await runner.run('forwards-can-be-changed')).toEqual({ status: 'passed' });
    expect(runner.skippedIds).toEqual([
      'refuses-forwards',
      'refuses-suspend',
      'disks-can-grow',
      ...CONSOLES,
      ...INSPECTIONS,
    ]);
  });

  it('whose disks can grow is asked to do it', async () => {
    const runner = await define((host, engine) => new GrowingBackend(host, engine));
    expect(await runner.run('disks-can-grow')).toEqual({ status: 'passed' });
    expect(runner.skippedIds).toEqual([
      'refuses-suspend',
      'forwards-can-be-changed',
      ...CONSOLES,
      ...INSPECTIONS,
    ]);
  });

  it('that cannot suspend is asked to refuse it, and nothing else of it', async () => {
    const runner = await define((host, engine) => new WithoutSuspend(host, engine));
    expect(await runner.run('refuses-suspend')).toEqual({ status: 'passed' });
    expect(runner.skippedIds).toEqual([
      'suspend-and-resume',
      'suspend-needs-a-running-vm',
      'start-wakes-a-suspended-vm',
      'suspended-vm-stops',
      'destroy-ends-a-suspended-vm',
      'disks-can-grow',
      'forwards-can-be-changed',
      ...CONSOLES,
      ...INSPECTIONS,
    ]);
  });

  it('that opens consoles by itself is asked to', async () => {
    const runner = await define((host, engine) => new ConsoleBackend(host, engine));
    for (const id of CONSOLES) expect(await runner.run(id)).toEqual({ status: 'passed' });
    expect(runner.skippedIds).toEqual([
      'refuses-suspend',
      'disks-can-grow',
      'forwards-can-be-changed',
      ...INSPECTIONS,
    ]);
  });

  it('that can be inspected is inspected', async () => {
    const runner = await define((host, engine) => new InspectingBackend(host, engine));
    for (const id of INSPECTIONS) expect(await runner.run(id)).toEqual({ status: 'passed' });
    expect(runner.skippedIds).toEqual([
      'refuses-suspend',
      'disks-can-grow',
      'forwards-can-be-changed',
      ...CONSOLES,
    ]);
  });
});

describe('the checks of a hypervisor', () => {
  it.each(hypervisorDefects)(
    'catch a backend that $name, by $check',
    async ({ create, callMs, check, says }) => {
      const verdict = await (await define(create, callMs)).run(check);
      expect(verdict).toMatchObject({
        status: 'failed',
        error: { message: expect.stringMatching(says) },
      });
    },
  );

  it('are each the one that catches some defect', () => {
    const caught = new Set(hypervisorDefects.map(({ check }) => check));
    expect(hypervisorChecks.map(({ id }) => id).filter((id) => !caught.has(id))).toEqual([]);
  });

  it('have each a name of their own', () => {
    const ids = hypervisorChecks.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
