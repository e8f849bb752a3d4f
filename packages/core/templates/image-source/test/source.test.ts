import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ImageSource } from '@vmctl/core/plugin';
import { createFakeHost, EventRecorder } from '@vmctl/core/testing';
import plugin from '../src/plugin.js';

describe('the image source', () => {
  let directory: string;
  let source: ImageSource;
  const open = (url: string) =>
    source.open(new URL(url), { signal: new AbortController().signal, events: new EventRecorder() });

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'template-word-'));
    await mkdir(join(directory, 'images/debian'), { recursive: true });
    await writeFile(join(directory, 'images/debian/12.img'), 'a disk');
    await writeFile(join(directory, 'secret'), 'not an image');
    await symlink(join(directory, 'secret'), join(directory, 'images/link.img'));
    const host = createFakeHost({ env: { TEMPLATE_WORD_DIRECTORY: join(directory, 'images') } });
    await host.apply(plugin);
    source = await host.imageSource('template-word');
  });
  after(() => rm(directory, { recursive: true }));

  it('gives the bytes, the size and the name of a file', async () => {
    const { body, size, fileName } = await open('template-word:///debian/12.img');
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    assert.equal(Buffer.concat(chunks).toString(), 'a disk');
    assert.equal(size, 6);
    assert.equal(fileName, '12.img');
  });

  it('says where it has looked', async () => {
    await assert.rejects(open('template-word:///debian/13.img'), {
      code: 'VMCTL_IMAGE_NOT_FOUND',
      message: new RegExp(join(directory, 'images')),
    });
  });

  for (const url of [
    'template-word:///..%2fsecret',
    'template-word:///%2e%2e%2fsecret',
    'template-word://x/12.img',
  ]) {
    it(`refuses ${url}`, async () => {
      await assert.rejects(open(url), { code: 'VMCTL_IMAGE_URL_INVALID' });
    });
  }

  it('does not follow a link out of the directory', async () => {
    await assert.rejects(open('template-word:///link.img'), { code: 'VMCTL_IMAGE_NOT_FOUND' });
  });
});
