import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CheckDescription, defineChecks, describeCheck } from '../check.js';
import type { TestRunner } from '../runner.js';
import { abortChecks } from './checks/aborts.js';
import { contentChecks } from './checks/content.js';
import { eventChecks } from './checks/events.js';
import { faultChecks } from './checks/faults.js';
import { fingerprintChecks } from './checks/fingerprints.js';
import { transferChecks } from './checks/transfers.js';
import { factsOf, type ImageSourceCheck } from './facts.js';
import { createImageSource, ImageSourceLab } from './lab.js';
import type { ImageSourceSubject } from './subject.js';

/** For the test runner only: a check ends long before, or it is the kit that hangs. */
const TEST_MS = 240_000;

const checks: readonly ImageSourceCheck[] = [
  ...contentChecks,
  ...transferChecks,
  ...abortChecks,
  ...faultChecks,
  ...fingerprintChecks,
  ...eventChecks,
];

/** The checks of {@link imageSourceConformance}, in their order. */
export const imageSourceChecks: readonly CheckDescription[] = checks.map(describeCheck);

/**
 * Defines one test a check of the `ImageSource` contract. What the subject can serve decides which of them are skipped;
 * their names say why.
 *
 * Await it at the top of a test file: the source is made once, and one image served, before the tests are defined.
 */
export async function imageSourceConformance(runner: TestRunner, subject: ImageSourceSubject): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'vmctl-conformance-'));
  try {
    const source = await createImageSource(subject, directory);
    const place = join(directory, 'served');
    await mkdir(place);
    const served = await subject.serve(new Uint8Array(1), place);
    await served.close();
    defineChecks(runner, {
      heading: `${source.scheme}: as an image source`,
      checks,
      facts: factsOf(source, served),
      openLab: () => ImageSourceLab.open(subject),
      timeoutMs: TEST_MS,
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
