import { hypervisorConformance, type TestRunner } from '@vmctl/conformance';
import { hypervisorDefects } from '../defects/hypervisor.ts';
import { memorySubject } from '../support/memory-subject.ts';

/** Tries the in-memory backend; with the defect that `CONFORMANCE_DEFECT` names by its check, where it names one. */
export async function tryMemory(runner: TestRunner): Promise<void> {
  const wanted = process.env['CONFORMANCE_DEFECT'];
  const defect = hypervisorDefects.find(({ check }) => check === wanted);
  await hypervisorConformance(runner, memorySubject(defect?.create, defect?.callMs));
}
