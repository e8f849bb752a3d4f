import assert from 'node:assert/strict';
import { outcomeOf } from '../../bounded.js';
import { assertVmctlError } from '../../error-shape.js';
import type { ImageSourceCheck } from '../facts.js';
import { expected, SMALL_BYTES } from '../lab.js';
import { expectFreed } from '../transfer.js';

/** Checks of what cannot be had. */
export const faultChecks: readonly ImageSourceCheck[] = [
  {
    id: 'missing-image-is-explained',
    title: 'an image that is not there fails with a code of images and a hint',
    async run(lab) {
      const { missing } = await lab.serve(lab.content(SMALL_BYTES));
      const opening = lab.open(missing).then((stream) => lab.read(stream));
      const outcome = await outcomeOf(opening);
      assert.equal(
        outcome.kind,
        'rejected',
        `${missing.href} is not there, and something comes all the same`,
      );
      assertVmctlError(outcome.error, 'open of a missing image', { codes: /IMAGE/, hint: true });
    },
  },
  {
    id: 'short-transfer-is-an-error',
    title: 'a transfer that ends too early goes on where it was, or fails; it never looks whole',
    skip: ({ truncates }) => (truncates ? undefined : 'the subject serves nothing that ends too early'),
    async run(lab) {
      const content = lab.content();
      const served = await lab.serve(content);
      const { truncated } = served;
      if (truncated === undefined) return;
      const outcome = await outcomeOf(lab.open(truncated).then((stream) => lab.read(stream)));
      if (outcome.kind === 'resolved') {
        assert.deepEqual(outcome.value, expected(content), 'a part of the image is passed off as all of it');
      } else {
        assertVmctlError(outcome.error, 'a transfer that ends too early', { codes: /IMAGE/ });
      }
      await expectFreed(served, 'a transfer that ended too early');
    },
  },
  {
    id: 'password-is-never-shown',
    title: 'no error shows the password of a URL',
    async run(lab) {
      const { missing } = await lab.serve(lab.content(SMALL_BYTES));
      const url = new URL(missing);
      url.username = 'me';
      url.password = 'hunter2';
      // Schemes without a host have no place for one.
      if (url.password === '') return;
      const outcome = await outcomeOf(lab.open(url).then((stream) => lab.read(stream)));
      if (outcome.kind === 'resolved') return;
      const { message, hint, details } = outcome.error as Error & { hint?: unknown; details?: unknown };
      const shown = JSON.stringify([message, hint, details]);
      assert.ok(!shown.includes('hunter2'), `an error shows a password: ${message}`);
    },
  },
];
