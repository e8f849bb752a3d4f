import assert from 'node:assert/strict';
import type { ImageSourceCheck } from '../facts.js';
import { expected } from '../lab.js';
import { expectFreed, readSome } from '../transfer.js';

/** Checks of transfers that nothing is wrong with. */
export const transferChecks: readonly ImageSourceCheck[] = [
  {
    id: 'transfers-at-once',
    title: 'several transfers can run at once, of one image and of several',
    async run(lab) {
      const [one, two] = [lab.content(), lab.content()];
      const [first, second] = [await lab.serve(one), await lab.serve(two)];
      const received = await Promise.all(
        [first.url, second.url, first.url].map(async (url) => lab.read(await lab.open(url))),
      );
      assert.deepEqual(received, [one, two, one].map(expected), 'transfers get into each other’s way');
    },
  },
  {
    id: 'nothing-stays-open',
    title: 'a transfer that was read to its end has closed what it opened',
    skip: ({ countsOpen }) => (countsOpen ? undefined : 'the subject has no open()'),
    async run(lab) {
      const served = await lab.serve(lab.content());
      await lab.read(await lab.open(served.url));
      await expectFreed(served, 'its end');
    },
  },
  {
    id: 'reader-may-leave',
    title: 'a reader that stops early ends the transfer, and what it had opened is closed',
    async run(lab) {
      const served = await lab.serve(lab.content());
      const iterator = await readSome(await lab.open(served.url));
      assert.ok(iterator.return !== undefined, 'the body cannot be left early: its iterator has no return()');
      await lab.call('leaving the stream', Promise.resolve(iterator.return()));
      await expectFreed(served, 'its reader has left');
    },
  },
  {
    id: 'source-waits-for-its-reader',
    title: 'a slow reader gets all bytes as well',
    async run(lab) {
      const content = lab.content();
      const { url } = await lab.serve(content);
      const { body, ...rest } = await lab.open(url);
      const slowly = async function* slowly(): AsyncGenerator<Uint8Array> {
        let chunks = 0;
        for await (const chunk of body) {
          chunks += 1;
          // Long enough for what the source reads ahead to pile up, and seldom enough to come to an end.
          if (chunks <= 10) await new Promise((resolve) => setTimeout(resolve, 10));
          yield chunk;
        }
      };
      assert.deepEqual(await lab.read({ ...rest, body: slowly() }), expected(content), 'bytes are lost');
    },
  },
];
