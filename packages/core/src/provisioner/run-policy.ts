import { localTime } from '../host/local-time.js';
import type { ProvisionRecord } from '../hypervisor/contract.js';
import type { RunPolicy } from '../vmfile/model.js';

/** Whether a step runs, and why, for people. */
export interface Decision {
  readonly kind: 'run' | 'skip';
  readonly reason: string;
}

/** The same; `ask`: that depends on its fingerprint, which costs reading its inputs. */
export type Verdict = Decision | { readonly kind: 'ask'; readonly record: ProvisionRecord };

const NEW: Decision = { kind: 'run', reason: 'it has not run on this VM' };

/** What the policy of a step says, given the record of its last success on this VM. */
export function judge(policy: RunPolicy, record: ProvisionRecord | undefined): Verdict {
  switch (policy) {
    case 'always':
      return { kind: 'run', reason: 'run="always"' };
    case 'never':
      return { kind: 'skip', reason: 'run="never"' };
    case 'once':
      return record === undefined
        ? NEW
        : { kind: 'skip', reason: `run="once", and done on ${dateOf(record)}` };
    case 'changed':
      return record === undefined ? NEW : { kind: 'ask', record };
  }
}

/** The answer to `ask`. */
export function judgeFingerprint(record: ProvisionRecord, fingerprint: string): Decision {
  return record.fingerprint === fingerprint
    ? { kind: 'skip', reason: `unchanged since ${dateOf(record)}` }
    : { kind: 'run', reason: `changed since ${dateOf(record)}` };
}

/** When a step last succeeded, for people. */
export function dateOf({ finished_at }: ProvisionRecord): string {
  return localTime(finished_at);
}
