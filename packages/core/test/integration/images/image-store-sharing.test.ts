import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ImageReference, ResolvedImage } from '../../../src/images/contract.js';
import { Child } from '../../support/child.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { type Answer, file, stalled, useImageServer } from './image-server.js';
import { createStore, listener } from './image-stores.js';

const MiB = 1024 * 1024;
const directory = useTemporaryDirectory();
const server = useImageServer();
const script = new URL('./image-store-child.ts', import.meta.url);
const at = (name: string) => join(directory.path, name);
const images = async () => (await readdir(at('images'))).sort();
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const url = (digest?: string): ImageReference => ({
  kind: 'url',
  url: `${server.origin}/noble.img`,
  sha256: digest,
});
const child = () => new Child(script, [directory.path, `${server.origin}/noble.img`]);

/** A raw disk. */
const image = randomBytes(4 * MiB);
image.set([0x55, 0xaa], 510);

/** Sends the first half at once and the rest when the test says so. */
const halting = (): { readonly answer: Answer; readonly proceed: () => void } => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    answer: (_request, response) => {
      response.writeHead(200, { 'content-length': image.length });
      response.write(image.subarray(0, image.length / 2));
      void promise.then(() => response.end(image.subarray(image.length / 2)));
    },
    proceed: resolve,
  };
};

/** A listener that knows when the first bytes have come. */
const waiting = (vm: string, signal?: AbortSignal) => {
  const { promise: began, resolve } = Promise.withResolvers<void>();
  const options = listener(vm, signal);
  const { emit } = options.events;
  return {
    ...options,
    began,
    events: {
      emit: (event: Parameters<typeof emit>[0]) => {
        emit(event);
        resolve();
      },
    },
  };
};

/** The result line of a child, past its progress. */
const result = async (
  process: Child,
  first = process.line(),
): Promise<ResolvedImage & { readonly growth: number }> => {
  for (let next = first; ; next = process.line()) {
    const line = await next;
    if (line !== 'progress') return JSON.parse(line) as ResolvedImage & { readonly growth: number };
  }
};

describe('several VMs of one process with the same image', () => {
  it('share one download, and each hears of its progress', async () => {
    const { answer, proceed } = halting();
    server.on('/noble.img', answer);
    const store = createStore(directory.path);
    const all = ['a', 'b', 'c'].map((vm) => waiting(vm));
    const results = Promise.all(all.map((each) => store.resolve(url(), each)));
    await all[0]?.began;
    proceed();
    const paths = (await results).map((each) => each.path);
    expect(new Set(paths).size).toBe(1);
    expect(server.requests).toHaveLength(1);
    for (const { vm, seen } of all) {
      expect(seen.at(-1)).toMatchObject({ type: 'progress', vm, done: image.length, total: image.length });
    }
  });

  it('share one download when only some of them know the checksum', async () => {
    server.on('/noble.img', file(image));
    const store = createStore(directory.path);
    const results = await Promise.all(
      [undefined, sha256(image), undefined].map((digest, index) =>
        store.resolve(url(digest), listener(`vm${index}`)),
      ),
    );
    expect(new Set(results.map((each) => each.path)).size).toBe(1);
    expect(server.requests).toHaveLength(1);
  });

  it('do not fail because one of them has the wrong checksum', async () => {
    server.on('/noble.img', file(image));
    const store = createStore(directory.path);
    const results = await Promise.allSettled([
      store.resolve(url('0'.repeat(64)), listener('wrong')),
      store.resolve(url(sha256(image)), listener('right')),
    ]);
    expect(results.map((each) => each.status)).toEqual(['rejected', 'fulfilled']);
    expect(await images()).toHaveLength(2);
  });

  it('go on when the one that began the download is aborted', async () => {
    const { answer, proceed } = halting();
    server.on('/noble.img', answer);
    const store = createStore(directory.path);
    const abort = new AbortController();
    const [first, second] = [waiting('first', abort.signal), waiting('second')];
    const aborted = store.resolve(url(), first);
    const kept = store.resolve(url(), second);
    await first.began;
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    proceed();
    expect(sha256(await readFile((await kept).path))).toBe(sha256(image));
    expect(server.requests).toHaveLength(1);
  });

  it('leave nothing behind when all of them are aborted, and can begin anew', async () => {
    server.on('/noble.img', stalled(image, MiB), file(image));
    const store = createStore(directory.path);
    const abort = new AbortController();
    const first = waiting('a', abort.signal);
    const results = Promise.allSettled([
      store.resolve(url(), first),
      store.resolve(url(), listener('b', abort.signal)),
    ]);
    await first.began;
    expect(await images()).toEqual([expect.stringMatching(/-noble\.img\.partial-\d+-[0-9a-f]{8}$/)]);
    abort.abort(new Error('enough'));
    const again = store.resolve(url(), listener('c'));
    expect((await results).map((each) => each.status)).toEqual(['rejected', 'rejected']);
    expect((await again).origin).toBe('downloaded');
    expect(await images()).toHaveLength(2);
  });
});

describe('several processes with the same image', () => {
  it('make one download, and the others find it in the cache', async () => {
    const { answer, proceed } = halting();
    server.on('/noble.img', answer);
    const children = [child(), child(), child()];
    const lines = children.map((each) => each.line());
    expect(await Promise.race(lines)).toBe('progress');
    proceed();
    const results = await Promise.all(children.map((each, index) => result(each, lines[index])));
    expect(await Promise.all(children.map((each) => each.exit()))).toEqual([0, 0, 0]);
    expect(results.map((each) => each.origin).sort()).toEqual(['cached', 'cached', 'downloaded']);
    expect(new Set(results.map((each) => each.path)).size).toBe(1);
    expect(server.requests).toHaveLength(1);
    expect(await images()).toHaveLength(2);
  });

  it('say whom they wait for, and how far that one is', async () => {
    const { answer, proceed } = halting();
    server.on('/noble.img', answer);
    const other = child();
    expect(await other.line()).toBe('progress');
    const { promise: moved, resolve: move } = Promise.withResolvers<void>();
    const { seen, events, ...options } = listener('web');
    const emit: typeof events.emit = (event) => {
      events.emit(event);
      if (event.type === 'progress') move();
    };
    const found = createStore(directory.path).resolve(url(), { ...options, events: { emit } });
    await moved;
    proceed();
    expect(await found).toMatchObject({ origin: 'cached' });
    expect(await other.exit()).toBe(0);
    expect(seen[0]).toMatchObject({
      type: 'warning',
      vm: 'web',
      message: `Waiting: process ${other.pid} works on the image noble.img (test).`,
    });
    const progress = seen.filter((event) => event.type === 'progress');
    expect(progress).toHaveLength(seen.length - 1);
    for (const { subject, done } of progress) {
      expect(subject).toBe('noble.img');
      expect(done).toBeGreaterThan(0);
      expect(done).toBeLessThanOrEqual(image.length);
    }
  });

  it('go on after the one that downloads is killed', async () => {
    server.on('/noble.img', stalled(image, MiB), file(image));
    const victim = child();
    expect(await victim.line()).toBe('progress');
    const heir = child();
    await victim.kill();
    expect((await result(heir)).origin).toBe('downloaded');
    expect(await heir.exit()).toBe(0);
    expect(await images()).toEqual([
      expect.stringMatching(/-noble\.img$/),
      expect.stringMatching(/-noble\.img\.json$/),
    ]);
  });
});

describe('a process that was killed in the middle of a download', () => {
  it('leaves what the next run removes before it downloads the image anew', async () => {
    server.on('/noble.img', stalled(image, MiB), file(image));
    const victim = child();
    expect(await victim.line()).toBe('progress');
    await victim.kill();
    expect(await images()).toEqual([expect.stringContaining(`.partial-${victim.pid}-`)]);
    const found = await createStore(directory.path).resolve(url(), listener());
    expect(found.origin).toBe('downloaded');
    expect(sha256(await readFile(found.path))).toBe(sha256(image));
    expect((await images()).filter((each) => each.includes('.partial-'))).toEqual([]);
  });

  it('leaves what the next download of another image removes as well, but for those of living processes', async () => {
    server.on('/noble.img', stalled(image, MiB), file(image));
    const victim = child();
    expect(await victim.line()).toBe('progress');
    await victim.kill();
    const living = `0123456789abcdef-other.img.partial-${process.pid}-00000000`;
    await writeFile(at(`images/${living}`), '');
    server.on('/other.img', file(image));
    await createStore(directory.path).resolve({ kind: 'url', url: `${server.origin}/other.img` }, listener());
    expect((await images()).filter((each) => each.includes('.partial-'))).toEqual([living]);
  });
});

describe('the memory of a process that downloads', () => {
  it('does not grow with the image', async () => {
    const large = 128 * MiB;
    server.on('/noble.img', (_request, response) => {
      response.writeHead(200, { 'content-length': large });
      const send = async (): Promise<void> => {
        for (let sent = 0; sent < large; sent += image.length) {
          if (!response.write(image)) await once(response, 'drain');
        }
        response.end();
      };
      void send();
    });
    const { growth, virtualSize } = await result(child());
    expect(virtualSize).toBe(large);
    expect(growth).toBeGreaterThan(0);
    expect(growth).toBeLessThan(40 * MiB);
  });
});
