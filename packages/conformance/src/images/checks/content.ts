import assert from 'node:assert/strict';
import type { ImageSourceCheck } from '../facts.js';
import { expected, type ImageSourceLab, SMALL_BYTES } from '../lab.js';

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

/** Checks of what comes through. */
export const contentChecks: readonly ImageSourceCheck[] = [
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
];
