import type { ProvisionRecord } from '../hypervisor/contract.js';
import type { RunPolicy } from '../vmfile/model.js';

/** Whether a step runs, and if not, why; `ask`: that depends on its fingerprint, which costs reading its inputs. */
export type Verdict =
  | { readonly kind: 'run' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'ask'; readonly record: ProvisionRecord };

const RUN: Verdict = { kind: 'run' };

/** What the policy of a step says, given the record of its last success on this VM. */
export function judge(policy: RunPolicy, record: ProvisionRecord | undefined): Verdict {
  switch (policy) {
    case 'always':
      return RUN;
    case 'never':
      return { kind: 'skip', reason: 'run="never"' };
    case 'once':
      return record === undefined
        ? RUN
        : { kind: 'skip', reason: `run="once", and done on ${dateOf(record)}` };
    case 'changed':
      return record === undefined ? RUN : { kind: 'ask', record };
  }
}

/** The answer to `ask`. */
export function judgeFingerprint(record: ProvisionRecord, fingerprint: string): Verdict {
  return record.fingerprint === fingerprint
    ? { kind: 'skip', reason: `unchanged since ${dateOf(record)}` }
    : RUN;
}

function dateOf({ finished_at }: ProvisionRecord): string {
  return finished_at.replace(/T(\d\d:\d\d).*$/, ' $1');
}
