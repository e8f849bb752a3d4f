import type { Hypervisor, Supports } from '@vmctl/core/plugin';
import type { Check } from '../check.js';
import type { HypervisorLab } from './lab.js';
import type { HypervisorSubject } from './subject.js';

/** What decides which checks can be asked of a backend. */
export interface HypervisorFacts {
  readonly supports: Supports;
  readonly describes: boolean;
  readonly diagnoses: boolean;
  readonly inspects: boolean;
  readonly opensConsole: boolean;
  readonly crash: boolean;
  readonly guest: boolean;
  readonly usesHost: boolean;
  readonly faultPoints: { readonly prepare: boolean; readonly start: boolean };
}

export type HypervisorCheck = Check<HypervisorFacts, HypervisorLab>;

/** The facts about a subject. */
export function factsOf(hypervisor: Hypervisor, subject: HypervisorSubject): HypervisorFacts {
  const points = subject.faultPoints ?? [];
  return {
    supports: hypervisor.supports,
    describes: hypervisor.describe !== undefined,
    diagnoses: hypervisor.diagnose !== undefined,
    inspects: hypervisor.inspect !== undefined,
    opensConsole: hypervisor.openConsole !== undefined,
    crash: subject.crash !== undefined,
    guest: subject.guest !== undefined,
    usesHost: subject.usesHost ?? true,
    faultPoints: {
      prepare: points.some(({ during }) => during === 'prepare'),
      start: points.some(({ during }) => during === 'start'),
    },
  };
}

export const unlessSuspends = ({ supports }: HypervisorFacts): string | undefined =>
  supports.suspend ? undefined : 'supports.suspend is false';

export const unlessCrashes = ({ crash }: HypervisorFacts): string | undefined =>
  crash ? undefined : 'the subject has no crash()';

export const unlessUsesHost = ({ usesHost }: HypervisorFacts): string | undefined =>
  usesHost ? undefined : 'usesHost is false: there is no call of the host to interfere with';
