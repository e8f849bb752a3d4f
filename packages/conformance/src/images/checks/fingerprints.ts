import assert from 'node:assert/strict';
import { outcomeOf } from '../../bounded.js';
import { assertVmctlError } from '../../error-shape.js';
import { type ImageSourceCheck, unlessFingerprints } from '../facts.js';
import { SMALL_BYTES } from '../lab.js';

/** Checks of `fingerprint`. */
export const fingerprintChecks: readonly ImageSourceCheck[] = [
  {
    id: 'fingerprint-is-stable',
    title: '`fingerprint` is a short text, the same while the image is',
    skip: unlessFingerprints,
    async run(lab) {
      const { url } = await lab.serve(lab.content(SMALL_BYTES));
      const first = (await lab.source.fingerprint?.(url)) ?? '';
      assert.ok(first.trim() !== '' && first.length <= 200, `"${first}" is no short text`);
      await lab.read(await lab.open(url));
      assert.equal(await lab.source.fingerprint?.(url), first, 'the fingerprint changes by itself');
    },
  },
  {
    id: 'fingerprint-notices-changes',
    title: '`fingerprint` changes when the image does',
    skip: (facts) =>
      unlessFingerprints(facts) ?? (facts.replaces ? undefined : 'the subject has no replace()'),
    async run(lab) {
      const served = await lab.serve(lab.content(SMALL_BYTES));
      const first = await lab.source.fingerprint?.(served.url);
      await served.replace?.(lab.content(SMALL_BYTES));
      assert.notEqual(await lab.source.fingerprint?.(served.url), first, 'the change is not noticed');
    },
  },
  {
    id: 'fingerprint-of-a-missing-image',
    title: '`fingerprint` of an image that is not there fails with a code of images and a hint',
    skip: unlessFingerprints,
    async run(lab) {
      const { missing } = await lab.serve(lab.content(SMALL_BYTES));
      const { source } = lab;
      const outcome = await outcomeOf((async () => source.fingerprint?.(missing))());
      assert.equal(outcome.kind, 'rejected', 'what is not there has a fingerprint');
      if (outcome.kind === 'rejected') {
        assertVmctlError(outcome.error, 'fingerprint', { codes: /IMAGE/, hint: true });
      }
    },
  },
];
