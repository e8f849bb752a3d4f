import type { Provisioner } from '@vmctl/core/plugin';
import type { Check } from '../check.js';
import type { ProvisionerLab } from './lab.js';
import type { ProvisionerSubject } from './subject.js';

/** What decides which checks can be asked of a provisioner. */
export interface ProvisionerFacts {
  readonly inputs: boolean;
  readonly invalid: boolean;
  readonly dependsOn: boolean;
  readonly secrets: boolean;
  readonly connect: boolean;
}

export type ProvisionerCheck = Check<ProvisionerFacts, ProvisionerLab>;

/** The facts about a subject. */
export function factsOf(provisioner: Provisioner, subject: ProvisionerSubject): ProvisionerFacts {
  const some = (field: 'dependsOn' | 'secrets'): boolean =>
    subject.examples.some((example) => (example[field]?.length ?? 0) > 0);
  return {
    inputs: provisioner.inputs !== undefined,
    invalid: (subject.invalid?.length ?? 0) > 0,
    dependsOn: some('dependsOn'),
    secrets: some('secrets'),
    connect: subject.connect !== undefined,
  };
}

export const unlessConnects = ({ connect }: ProvisionerFacts): string | undefined =>
  connect ? undefined : 'the subject has no connect()';
