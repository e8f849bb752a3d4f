import assert from 'node:assert/strict';
import type { ImageSourceCheck } from '../facts.js';

/** Checks of what a source tells. */
export const eventChecks: readonly ImageSourceCheck[] = [
  {
    id: 'events-are-cores',
    title: 'a source emits nothing but warnings and progress; how far a download is, core says',
    async run(lab) {
      const { url } = await lab.serve(lab.content());
      await lab.read(await lab.open(url));
      const strange = lab.seen.filter(({ type }) => type !== 'warning' && type !== 'progress');
      assert.deepEqual(strange, [], 'there are events that are core’s');
    },
  },
];
