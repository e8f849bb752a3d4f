import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { ImageSource, ImageStream } from '@vmctl/core/plugin';
import { VmctlError } from '@vmctl/core';
import { imageSourceConformance } from '../../src/index.js';
import { RecordingRunner } from '../support/recording-runner.js';

const CHUNK = 64 * 1024;
let open = 0;

async function read(url: URL): Promise<Uint8Array> {
  return readFile(url.pathname).catch((cause: unknown) => {
    throw new VmctlError('VMCTL_IMAGE_NOT_FOUND', {
      message: `${url.pathname} is not there.`,
      hint: 'Look.',
      cause,
    });
  });
}

async function* chunks(content: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  open += 1;
  try {
    for (let from = 0; from < content.length; from += CHUNK) {
      signal.throwIfAborted();
      yield content.subarray(from, from + CHUNK);
    }
  } finally {
    open -= 1;
  }
}

/** A correct source. */
const memory: ImageSource = {
  scheme: 'memory',
  fingerprint: async (url) =>
    createHash('sha256')
      .update(await read(url))
      .digest('hex'),
  open: async (url, { signal }) => {
    signal.throwIfAborted();
    const content = await read(url);
    return { body: chunks(content, signal), size: content.length, fileName: basename(url.pathname) };
  },
};

/** The correct one, with another stream. */
const streams = (
  change: (stream: ImageStream, options: Parameters<ImageSource['open']>[1]) => Partial<ImageStream>,
): ImageSource => ({
  ...memory,
  open: async (url, options) => {
    const stream = await memory.open(url, options);
    return { ...stream, ...change(stream, options) };
  },
});

async function define(source: ImageSource): Promise<RecordingRunner> {
  open = 0;
  const runner = new RecordingRunner();
  await imageSourceConformance(runner, {
    create: () => source,
    serve: async (content, directory) => {
      const path = join(directory, 'disk.img');
      await writeFile(path, content);
      return {
        url: new URL(`memory:${path}`),
        missing: new URL(`memory:${path}.no`),
        replace: (other) => writeFile(path, other),
        open: () => open,
        close: async () => undefined,
      };
    },
  });
  return runner;
}

async function* without(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first = true;
  for await (const chunk of body) {
    if (!first) yield chunk;
    first = false;
  }
}

let count = 0;

const defects: readonly [name: string, check: string, says: RegExp, source: ImageSource][] = [
  ['has a colon in its scheme', 'scheme-is-the-plugins', /has no colon/, { ...memory, scheme: 'memory:' }],
  [
    'loses bytes',
    'content-comes-through-whole',
    /other bytes come/,
    streams(({ body }) => ({ body: without(body) })),
  ],
  ['promises another size', 'content-comes-through-whole', /`size` is not/, streams(() => ({ size: 1 }))],
  [
    'vouches for another digest',
    'content-comes-through-whole',
    /`sha256` is not/,
    streams(() => ({ sha256: '00' })),
  ],
  [
    'fails for an empty image',
    'small-content-comes-through-whole',
    /empty/,
    {
      ...memory,
      open: async (url, options) => {
        if ((await read(url)).length === 0) throw new Error('it is empty');
        return memory.open(url, options);
      },
    },
  ],
  [
    'has a path for a name',
    'file-name-is-one',
    /is no name of a file/,
    streams(() => ({ fileName: '../x' })),
  ],
  [
    'goes on after an abort',
    'abort-ends-the-transfer',
    /goes on although it was aborted/,
    {
      ...memory,
      open: (url, options) => memory.open(url, { ...options, signal: new AbortController().signal }),
    },
  ],
  [
    'does not look at the signal first',
    'aborted-before-open',
    /goes on although it was aborted/,
    {
      ...memory,
      open: (url, options) => memory.open(url, { ...options, signal: new AbortController().signal }),
    },
  ],
  [
    'keeps open what it has opened',
    'nothing-stays-open',
    /is closed after its end/,
    streams(() => {
      open += 1;
      return {};
    }),
  ],
  [
    'fails with what the system says',
    'missing-image-is-explained',
    /must fail with an error of host\.error/,
    {
      ...memory,
      open: async (url, options) => {
        await readFile(url.pathname);
        return memory.open(url, options);
      },
    },
  ],
  [
    'has another fingerprint each time',
    'fingerprint-is-stable',
    /changes by itself/,
    { ...memory, fingerprint: async () => String((count += 1)) },
  ],
  [
    'has the same fingerprint for ever',
    'fingerprint-notices-changes',
    /is not noticed/,
    { ...memory, fingerprint: async () => 'same' },
  ],
  [
    'emits what is core’s',
    'events-are-cores',
    /events that are core/,
    streams((_, { events }) => {
      events.emit({ type: 'stage.started', vm: 'web', stage: 'resolve' });
      return {};
    }),
  ],
];

describe('a correct image source', () => {
  it('passes every check, and only what cannot be served is skipped', async () => {
    const runner = await define(memory);
    const failures = [];
    for (const id of runner.ids) {
      const verdict = await runner.run(id);
      if (verdict.status !== 'passed') failures.push({ id, verdict });
    }
    expect(failures).toEqual([]);
    expect(runner.skippedIds).toEqual(['abort-ends-a-stalled-transfer', 'short-transfer-is-an-error']);
  });
});

describe('the checks of an image source', () => {
  it.each(defects)('catch one that %s, by %s', async (_, check, says, source) => {
    const verdict = await (await define(source)).run(check);
    expect(verdict).toMatchObject({ status: 'failed', error: { message: expect.stringMatching(says) } });
  });
});
