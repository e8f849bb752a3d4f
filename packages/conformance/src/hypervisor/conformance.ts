import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CheckDescription, defineChecks, describeCheck } from '../check.js';
import { HostCalls } from '../host-calls.js';
import type { TestRunner } from '../runner.js';
import { abortChecks } from './checks/aborts.js';
import { concurrencyChecks } from './checks/concurrency.js';
import { consoleChecks } from './checks/console.js';
import { endingChecks } from './checks/ending.js';
import { faultChecks } from './checks/faults.js';
import { diskChecks } from './checks/disks.js';
import { forwardChecks } from './checks/forwards.js';
import { handleChecks } from './checks/handles.js';
import { inspectionChecks } from './checks/inspection.js';
import { lifeCycleChecks } from './checks/life-cycle.js';
import { observationChecks } from './checks/observation.js';
import { refusalChecks } from './checks/refusals.js';
import { shapeChecks } from './checks/shape.js';
import { factsOf, type HypervisorCheck } from './facts.js';
import { createBackend, HypervisorLab } from './lab.js';
import type { HypervisorSubject } from './subject.js';

/** For the test runner only: a check ends long before, or it is the kit that hangs. */
const TEST_MS = 240_000;

const checks: readonly HypervisorCheck[] = [
  ...shapeChecks,
  ...handleChecks,
  ...lifeCycleChecks,
  ...endingChecks,
  ...refusalChecks,
  ...diskChecks,
  ...forwardChecks,
  ...abortChecks,
  ...faultChecks,
  ...concurrencyChecks,
  ...observationChecks,
  ...consoleChecks,
  ...inspectionChecks,
];

/** The checks of {@link hypervisorConformance}, in their order. */
export const hypervisorChecks: readonly CheckDescription[] = checks.map(describeCheck);

/**
 * Defines one test a check of the `Hypervisor` contract. What the backend says in `supports`, and what the subject does
 * not offer, decides which of them are skipped; their names say why.
 *
 * Await it at the top of a test file: the backend is made once to read its `supports`, before the tests are defined.
 */
export async function hypervisorConformance(runner: TestRunner, subject: HypervisorSubject): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'vmctl-conformance-'));
  try {
    const hypervisor = await createBackend(subject, directory, new HostCalls());
    defineChecks(runner, {
      heading: `${subject.title ?? hypervisor.name} as a hypervisor`,
      checks,
      facts: factsOf(hypervisor, subject),
      openLab: () => HypervisorLab.open(subject),
      timeoutMs: TEST_MS,
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
