import assert from 'node:assert/strict';
import type { ImageStream } from '@vmctl/core/plugin';
import { type Outcome, outcomeOf, until } from '../bounded.js';
import { assertVmctlError, isOrWraps, showError } from '../error-shape.js';
import { type ImageSourceCheck, unlessFingerprints } from './facts.js';
import { expected, type ImageSourceLab } from './lab.js';
import type { ServedImage } from './subject.js';

/** How long what was open for a transfer may take to be closed, in milliseconds. */
const FREE_MS = 10_000;
/** Where the content does not matter. */
const SMALL_BYTES = 256 * 1024;

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

/** Fails unless everything that a transfer had opened is closed soon. */
async function expectFreed(served: ServedImage, after: string): Promise<void> {
  if (served.open === undefined) return;
  await until(`what the transfer had opened is closed after ${after}`, FREE_MS, async () => {
    return (await served.open?.()) === 0;
  });
}

/** Reads the first bytes of a stream, and leaves the rest. */
async function readSome({ body }: ImageStream): Promise<AsyncIterator<Uint8Array>> {
  const iterator = body[Symbol.asyncIterator]();
  const first = await iterator.next();
  assert.ok(first.done !== true, 'the stream ends before its first byte');
  return iterator;
}

async function expectWhole(lab: ImageSourceLab, content: Uint8Array): Promise<void> {
  const { url } = await lab.serve(content);
  const stream = await lab.open(url);
  if (stream.size !== undefined) {
    assert.equal(stream.size, content.length, '`size` is not the number of bytes to come');
  }
  const wanted = expected(content);
  assert.deepEqual(await lab.read(stream), wanted, 'other bytes come than are served');
  if (stream.sha256 !== undefined) {
    assert.equal(stream.sha256, wanted.sha256, '`sha256` is not the digest of the bytes');
  }
}

/** The checks of an image source, in their order. */
export const imageChecks: readonly ImageSourceCheck[] = [
  {
    id: 'scheme-is-the-plugins',
    title: 'the source has the scheme for which the plugin brings it',
    async run(lab) {
      const { subject, source } = lab;
      assert.match(source.scheme, /^[a-z][a-z0-9+.-]*$/, 'a scheme is in lower case and has no colon');
      if ('scheme' in subject) assert.equal(source.scheme, subject.scheme, 'the source has another scheme');
      const { url } = await lab.serve(lab.content(1));
      assert.equal(url.protocol, `${source.scheme}:`, 'the subject serves under another scheme');
    },
  },
  {
    id: 'content-comes-through-whole',
    title: 'all bytes come through, and `size` and `sha256`, where given, are right',
    async run(lab) {
      await expectWhole(lab, lab.content());
    },
  },
  {
    id: 'small-content-comes-through-whole',
    title: 'images of one byte and of none come through as well',
    async run(lab) {
      await expectWhole(lab, lab.content(1));
      await expectWhole(lab, new Uint8Array());
    },
  },
  {
    id: 'file-name-is-one',
    title: '`fileName` is the name of a file: not empty, and without a directory',
    async run(lab) {
      const { url } = await lab.serve(lab.content(SMALL_BYTES));
      const stream = await lab.open(url);
      assert.ok(stream.fileName.trim() !== '', '`fileName` is empty');
      assert.ok(!/[/\\\0]/.test(stream.fileName), `"${stream.fileName}" is no name of a file`);
      await lab.read(stream);
    },
  },
  {
    id: 'url-stays-as-it-is',
    title: 'the URL that `open` is given stays as it is',
    async run(lab) {
      const { url } = await lab.serve(lab.content(SMALL_BYTES));
      const { href } = url;
      await lab.read(await lab.open(url));
      assert.equal(url.href, href, 'open has changed the URL');
    },
  },
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
