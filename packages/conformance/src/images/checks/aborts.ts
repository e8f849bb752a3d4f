import assert from 'node:assert/strict';
import { type Outcome, outcomeOf } from '../../bounded.js';
import { isOrWraps, showError } from '../../error-shape.js';
import type { ImageSourceCheck } from '../facts.js';
import { expectFreed, readSome } from '../transfer.js';

function newReason(): Error {
  return Object.assign(new Error('the conformance kit aborts'), { name: 'AbortError' });
}

/** Fails unless a call ended with the reason of an abort. */
function expectReason(outcome: Outcome<unknown>, reason: Error, what: string): void {
  assert.equal(outcome.kind, 'rejected', `${what} goes on although it was aborted`);
  // Node's streams end with an error of their own; the reason is below it.
  assert.ok(
    isOrWraps(outcome.error, reason),
    `${what} must reject with the reason of the abort, and rejects with ${showError(outcome.error)}`,
  );
}

/** Checks of what an abort does. */
export const abortChecks: readonly ImageSourceCheck[] = [
  {
    id: 'aborted-before-open',
    title: '`open` rejects with the reason when it was aborted before, or its stream does at once',
    async run(lab) {
      const served = await lab.serve(lab.content());
      const reason = newReason();
      const opening = lab.open(served.url, AbortSignal.abort(reason)).then((stream) => lab.read(stream));
      expectReason(await outcomeOf(opening), reason, 'open');
      await expectFreed(served, 'an abort before it began');
    },
  },
  {
    id: 'abort-ends-the-transfer',
    title: 'an abort ends a transfer with its reason, and what it had opened is closed',
    async run(lab) {
      const served = await lab.serve(lab.content());
      const controller = new AbortController();
      const iterator = await readSome(await lab.open(served.url, controller.signal));
      const reason = newReason();
      controller.abort(reason);
      const rest = (async () => {
        while ((await iterator.next()).done !== true);
      })();
      expectReason(await lab.call('an aborted transfer', outcomeOf(rest)), reason, 'the transfer');
      await expectFreed(served, 'an abort');
    },
  },
  {
    id: 'abort-ends-a-stalled-transfer',
    title: 'an abort ends a transfer of which nothing comes any more',
    skip: ({ stalls }) => (stalls ? undefined : 'the subject serves nothing that stalls'),
    async run(lab) {
      const served = await lab.serve(lab.content());
      if (served.stalled === undefined) return;
      const controller = new AbortController();
      const stream = await lab.open(served.stalled, controller.signal);
      const iterator = await readSome(stream);
      const reason = newReason();
      const rest = outcomeOf(
        (async () => {
          while ((await iterator.next()).done !== true);
        })(),
      );
      // What has come already is read; then nothing more comes.
      await new Promise((resolve) => setTimeout(resolve, 50));
      controller.abort(reason);
      expectReason(await lab.call('an aborted transfer', rest), reason, 'the transfer');
      await expectFreed(served, 'an abort');
    },
  },
];
