import assert from 'node:assert/strict';
import { within } from '../../bounded.js';
import { assertVmctlError, isOrWraps, showError } from '../../error-shape.js';
import { type ProvisionerCheck, unlessConnects } from '../facts.js';
import { ABORT_MS, type ProvisionerLab } from '../lab.js';
import type { ProvisionerExample } from '../subject.js';
import type { GuestFault } from '../watched-guest.js';

/** More calls of the guest than any example has. */
const MOST_CALLS = 1_000;

function newReason(): Error {
  return Object.assign(new Error('the conformance kit aborts'), { name: 'AbortError' });
}

/** Runs an example once for each of its calls of the guest, with that one going wrong. */
async function atEachCall(
  lab: ProvisionerLab,
  how: GuestFault['how'],
  attempt: (example: ProvisionerExample, fault: GuestFault) => Promise<'reached' | 'over'>,
): Promise<void> {
  for (const example of lab.subject.examples) {
    for (let at = 1; at <= MOST_CALLS; at += 1) {
      if ((await attempt(example, { at, how })) === 'over') {
        assert.ok(at > 1, `"${example.name}" makes no call of the guest that can go wrong`);
        break;
      }
    }
  }
}

/** Fails unless a step that met a fault rejects, with an error for people. */
async function expectFailure(lab: ProvisionerLab, how: 'fail' | 'lose', wrong: string): Promise<void> {
  await atEachCall(lab, how, async (example, fault) => {
    const { ended, guest } = await lab.run(example, { fault });
    if (guest.reached === undefined) return 'over';
    const what = `"${example.name}", when ${wrong} at ${guest.reached},`;
    assert.equal(ended.kind, 'rejected', `${what} succeeds all the same`);
    if (ended.kind === 'rejected') assertVmctlError(ended.error, what);
    return 'reached';
  });
}

/** What a step does when something is wrong. */
export const troubleChecks: readonly ProvisionerCheck[] = [
  {
    id: 'failing-calls-fail-the-step',
    title: 'a command that exits with 1, or a transfer that fails, fails the step, whichever it is',
    async run(lab) {
      await expectFailure(lab, 'fail', 'the guest fails');
    },
  },
  {
    id: 'lost-connection-fails-the-step',
    title: 'a connection that is lost fails the step, at whichever call',
    async run(lab) {
      await expectFailure(lab, 'lose', 'the connection is lost');
    },
  },
  {
    id: 'aborted-before-run',
    title: 'a step that was aborted before it began rejects with the reason, and runs nothing in the guest',
    async run(lab) {
      for (const example of lab.subject.examples) {
        const reason = newReason();
        const run = await lab.begin(example, { signal: AbortSignal.abort(reason) });
        const ended = await within(`"${example.name}", aborted before it began,`, ABORT_MS, run.outcome);
        assert.equal(ended.kind, 'rejected', `"${example.name}" succeeds although it was aborted`);
        if (ended.kind === 'rejected') {
          assert.ok(isOrWraps(ended.error, reason), `it rejects with ${showError(ended.error)}`);
        }
        const done = run.fake.calls.filter(({ state, method }) => state === 'done' && method !== 'remove');
        assert.deepEqual(done, [], `"${example.name}" works in the guest although it was aborted`);
      }
    },
  },
  {
    id: 'abort-at-each-guest-call',
    title: 'an abort ends the step, whichever call of the guest it hangs in, and it rejects with the reason',
    async run(lab) {
      await atEachCall(lab, 'hang', async (example, fault) => {
        const controller = new AbortController();
        const reason = newReason();
        const run = await lab.begin(example, { fault, signal: controller.signal });
        await Promise.race([run.guest.hanging, run.outcome]);
        if (run.guest.reached === undefined) return 'over';
        controller.abort(reason);
        const what = `"${example.name}", aborted in ${run.guest.reached},`;
        const ended = await within(what, ABORT_MS, run.outcome);
        assert.equal(ended.kind, 'rejected', `${what} succeeds all the same`);
        if (ended.kind === 'rejected') {
          assert.ok(
            isOrWraps(ended.error, reason),
            `${what} must reject with the reason of the abort, and rejects with ${showError(ended.error)}`,
          );
        }
        return 'reached';
      });
    },
  },
  {
    id: 'abort-on-a-real-guest',
    title: 'an abort ends the step on the guest of the subject',
    skip: unlessConnects,
    async run(lab) {
      await lab.onRealGuest(async (example, session) => {
        const controller = new AbortController();
        const run = await lab.begin(example, { session, signal: controller.signal });
        controller.abort(newReason());
        await within(`"${example.name}", aborted on a real guest,`, ABORT_MS, run.outcome);
      });
    },
  },
];
