import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CheckDescription, defineChecks, describeCheck } from '../check.js';
import type { TestRunner } from '../runner.js';
import { decodingChecks } from './checks/decoding.js';
import { runningChecks } from './checks/running.js';
import { troubleChecks } from './checks/trouble.js';
import { factsOf, type ProvisionerCheck } from './facts.js';
import { createProvisioner, ProvisionerLab } from './lab.js';
import type { ProvisionerSubject } from './subject.js';

/** For the test runner only: a check ends long before, or it is the kit that hangs. */
const TEST_MS = 240_000;

const checks: readonly ProvisionerCheck[] = [...decodingChecks, ...runningChecks, ...troubleChecks];

/** The checks of {@link provisionerConformance}, in their order. */
export const provisionerChecks: readonly CheckDescription[] = checks.map(describeCheck);

/**
 * Defines one test a check of the `Provisioner` contract. What the subject does not offer decides which of them are
 * skipped; their names say why.
 *
 * Await it at the top of a test file: the provisioner is made once before the tests are defined.
 */
export async function provisionerConformance(runner: TestRunner, subject: ProvisionerSubject): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'vmctl-conformance-'));
  try {
    const provisioner = await createProvisioner(subject, directory);
    defineChecks(runner, {
      heading: `${provisioner.type} as a provisioner`,
      checks,
      facts: factsOf(provisioner, subject),
      openLab: () => ProvisionerLab.open(subject),
      timeoutMs: TEST_MS,
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
