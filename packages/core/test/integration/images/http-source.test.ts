import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as requestHttp } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { VmctlError } from '../../../src/errors/vmctl-error.js';
import { HttpImageSource, type HttpImageSourceOptions } from '../../../src/images/http-source.js';
import { makeCertificate } from '../../support/certificate.js';
import {
  type Answer,
  brokenOff,
  file,
  ranged,
  redirect,
  stalled,
  status,
  useImageServer,
} from './image-server.js';

const MiB = 1024 * 1024;
const body = randomBytes(3 * MiB);
const server = useImageServer();
const silent = { debug: () => undefined, child: () => silent };
const quiet = { emit: () => undefined };

const get = async (
  url: string,
  options: Partial<HttpImageSourceOptions> = {},
  signal = new AbortController().signal,
) => {
  const source = new HttpImageSource('http', {
    log: silent,
    env: {},
    stallMs: 20_000,
    retries: 2,
    retryDelayMs: 1,
    ...options,
  });
  const stream = await source.open(new URL(url, server.origin), { signal, events: quiet });
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream.body) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { fileName: stream.fileName, size: stream.size, bytes, sha256: hash.digest('hex') };
};
const whole = { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
const failure = async (...args: Parameters<typeof get>): Promise<VmctlError> =>
  get(...args).then(
    () => Promise.reject(new Error('it did not fail')),
    (error: VmctlError) => error,
  );
const headersOf = (index: number) => server.requests[index]?.headers ?? {};

describe('a download over HTTP', () => {
  it('gives the bytes, the size and the name', async () => {
    server.on('/a/noble.img', file(body));
    expect(await get('/a/noble.img?v=1')).toEqual({ ...whole, fileName: 'noble.img', size: body.length });
    expect(headersOf(0)).toMatchObject({ 'accept-encoding': 'identity', 'user-agent': 'vmctl' });
  });

  it('needs no content length', async () => {
    server.on('/x', (_request, response) => response.end(body));
    server.on('/y', (_request, response) => {
      response.write(body.subarray(0, 1000));
      response.end(body.subarray(1000));
    });
    expect(await get('/y')).toMatchObject({ ...whole, size: undefined });
  });

  it.each([400, 401, 403, 404, 410])('fails at once with status %d', async (code) => {
    server.on('/x', status(code));
    expect(await failure('/x')).toMatchObject({
      code: 'VMCTL_IMAGE_DOWNLOAD_FAILED',
      message: expect.stringContaining(`the server answered ${code}`),
      details: { status: code, url: `${server.origin}/x` },
    });
    expect(server.requests).toHaveLength(1);
  });

  it('says nothing of a VMFile for an image that is not there: its URL may be from a command line', async () => {
    server.on('/x', status(404));
    expect(await failure('/x')).toMatchObject({ hint: 'Check the URL.' });
  });

  it.each([204, 206, 304])('fails with the status %d, which nobody asked for', async (code) => {
    server.on('/x', (_request, response) => response.writeHead(code).end());
    expect((await failure('/x')).message).toContain(`the server answered ${code}`);
  });

  it.each([429, 500, 503])('is tried again after status %d', async (code) => {
    server.on('/x', status(code), status(code, { 'retry-after': '0' }), file(body));
    expect(await get('/x')).toMatchObject(whole);
  });

  it('fails when a server stays in trouble, and says how often it was asked', async () => {
    server.on('/x', status(503));
    expect((await failure('/x')).message).toMatch(/503 Service Unavailable, in 3 requests\.$/);
  });

  it('fails at once where nobody listens', async () => {
    // No test listens on one of root's ports.
    expect((await failure('http://127.0.0.1:2/x')).message).toContain('127.0.0.1:2 refuses the connection');
  });

  it('fails at once when the host has no address', async () => {
    expect((await failure('http://no-such-host.invalid/x')).message).toMatch(
      /the name no-such-host\.invalid cannot be resolved/,
    );
  });

  it('never shows a password', async () => {
    server.on('/x', status(403));
    const error = await failure(server.origin.replace('//', '//me:hunter2@') + '/x');
    expect(error.message).toContain('me:***@');
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('hunter2');
  });

  it('ends with the reason of an abort, and closes the connection', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    server.on('/x', (request, response) => {
      stalled(body, 1000)(request, response);
      setImmediate(() => abort.abort(reason));
    });
    await expect(get('/x', { stallMs: 60_000 }, abort.signal)).rejects.toBe(reason);
    while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('can be aborted while it pauses before a retry', async () => {
    const abort = new AbortController();
    server.on('/x', (request, response) => {
      status(503)(request, response);
      response.on('close', () => setImmediate(() => abort.abort(new Error('enough'))));
    });
    await expect(get('/x', { retryDelayMs: 3_600_000 }, abort.signal)).rejects.toThrow('enough');
  });
});

describe('a download that breaks off', () => {
  it('goes on where it was when the server knows ranges', async () => {
    server.on('/x', brokenOff(body, 1_000_000), ranged(body));
    expect(await get('/x')).toMatchObject(whole);
    expect(headersOf(1)).toMatchObject({ 'if-range': '"v1"' });
    expect(headersOf(1).range).toMatch(/^bytes=\d{3,}-$/);
  });

  it('goes on by the time of the last change where there is no entity tag', async () => {
    const changed = 'Thu, 19 Nov 2026 10:00:00 GMT';
    server.on('/x', brokenOff(body, 1_000_000, { 'last-modified': changed }), ranged(body, changed));
    expect(await get('/x')).toMatchObject(whole);
    expect(headersOf(1)).toMatchObject({ 'if-range': changed, range: expect.anything() });
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['nothing to tell the file by', {}],
    ['a weak entity tag', { etag: 'W/"v1"' }],
    ['no ranges', { etag: '"v1"', 'accept-ranges': 'none' }],
  ])('is read again from the start, and goes on, with %s', async (_what, headers) => {
    server.on('/x', brokenOff(body, 1_000_000, headers), file(body));
    expect(await get('/x')).toMatchObject(whole);
    expect(headersOf(1).range).toBeUndefined();
  });

  it('goes on with a server that ignores ranges', async () => {
    server.on('/x', brokenOff(body, 1_000_000), file(body));
    expect(await get('/x')).toMatchObject(whole);
    expect(headersOf(1).range).toBeDefined();
  });

  it('is found out without a content length as well', async () => {
    const cut: Answer = (_request, response) => {
      response.writeHead(200, { etag: '"v1"' });
      response.write(body.subarray(0, 1_000_000), () => response.destroy());
    };
    server.on('/x', cut, ranged(body));
    expect(await get('/x')).toMatchObject(whole);
  });

  it('fails when the server has another file now', async () => {
    const other = randomBytes(body.length);
    server.on('/x', brokenOff(body, 1_000_000), ranged(other, '"v2"'));
    expect(await failure('/x')).toMatchObject({
      code: 'VMCTL_IMAGE_DOWNLOAD_FAILED',
      message: expect.stringContaining('what the server sends now is another file'),
    });
  });

  it.each<[string, Answer]>([
    ['another size', file(body.subarray(0, 2 * MiB))],
    [
      'another range than asked for',
      (_request, response) => {
        response.writeHead(206, { 'content-range': `bytes 5-${body.length - 1}/${body.length}` });
        response.end(body.subarray(5));
      },
    ],
    ['no such range any more', status(416)],
  ])('fails when the server answers with %s', async (_what, answer) => {
    server.on('/x', brokenOff(body, 1_000_000), answer);
    expect((await failure('/x')).message).toContain('is another file');
  });

  it('fails after some retries without anything new, and says how far it came', async () => {
    server.on('/x', brokenOff(body, 1_000_000, {}));
    expect((await failure('/x')).message).toMatch(
      /the connection broke off after [\d.]+ KiB of 3 MiB, in \d requests\.$/,
    );
  });

  it('has a new set of retries for each megabyte that came', async () => {
    const part = (request: Parameters<Answer>[0], response: Parameters<Answer>[1]): void => {
      const from = Number(/\d+/.exec(request.headers.range ?? '0')?.[0]);
      response.writeHead(from === 0 ? 200 : 206, {
        etag: '"v1"',
        'content-length': body.length * 4 - from,
        ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${body.length * 4 - 1}/${body.length * 4}` }),
      });
      const chunk = big.subarray(from, from + 1.5 * MiB);
      response.write(chunk, () => (from + chunk.length === big.length ? response.end() : response.destroy()));
    };
    const big = Buffer.concat([body, body, body, body]);
    server.on('/x', part);
    expect(await get('/x')).toMatchObject({
      bytes: big.length,
      sha256: createHash('sha256').update(big).digest('hex'),
    });
    expect(server.requests.length).toBeGreaterThan(4);
  });
});

describe('a download that stalls', () => {
  it('is broken off and goes on', async () => {
    server.on('/x', stalled(body, 1_000_000), ranged(body));
    expect(await get('/x', { stallMs: 300 })).toMatchObject(whole);
  });

  it('before any answer is tried again', async () => {
    server.on('/x', () => undefined, file(body));
    expect(await get('/x', { stallMs: 300 })).toMatchObject(whole);
  });

  it('for good fails, and says so', async () => {
    server.on('/x', () => undefined);
    expect((await failure('/x', { stallMs: 50 })).message).toMatch(/nothing came for 0\.05 s, in 3 requests/);
  });

  it('because nobody reads is not broken off', async () => {
    server.on('/x', file(body));
    const source = new HttpImageSource('http', { log: silent, env: {}, stallMs: 1_500, retries: 0 });
    const stream = await source.open(new URL('/x', server.origin), {
      signal: new AbortController().signal,
      events: quiet,
    });
    let bytes = 0;
    for await (const chunk of stream.body) {
      if (bytes === 0) await new Promise((resolve) => setTimeout(resolve, 2_200));
      bytes += chunk.length;
    }
    expect(bytes).toBe(body.length);
  });
});

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])('with status %d are followed', async (code) => {
    server.on('/x', redirect('/y', code));
    server.on('/y', redirect(`${server.origin}/z`, code));
    server.on('/z', file(body));
    expect(await get('/x')).toMatchObject({ ...whole, fileName: 'x' });
  });

  it('in a loop end', async () => {
    server.on('/x', redirect('/y'));
    server.on('/y', redirect('/x'));
    expect((await failure('/x')).message).toContain('it redirects more than 10 times');
    expect(server.requests).toHaveLength(11);
  });

  it('to something else than HTTP are refused', async () => {
    server.on('/x', redirect('file:///etc/passwd'));
    expect((await failure('/x')).message).toContain('redirects to a file: URL');
  });

  it('are followed anew after a break', async () => {
    server.on('/x', redirect('/mirror1'), redirect('/mirror2'));
    server.on('/mirror1', brokenOff(body, 1_000_000));
    server.on('/mirror2', ranged(body));
    expect(await get('/x')).toMatchObject(whole);
  });
});

describe('credentials in the URL', () => {
  const login = `Basic ${Buffer.from('mé:p@ss').toString('base64')}`;

  it('are sent, and again after a redirect within the origin', async () => {
    server.on('/x', redirect('/y'));
    server.on('/y', file(body));
    await get(`${server.origin.replace('//', '//m%C3%A9:p%40ss@')}/x`);
    expect(server.requests.map((each) => each.headers.authorization)).toEqual([login, login]);
  });

  it('are not sent to another origin', async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end(body);
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    server.on('/x', redirect(`http://127.0.0.1:${(other.address() as AddressInfo).port}/y`));
    await get(`${server.origin.replace('//', '//m%C3%A9:p%40ss@')}/x`);
    expect(seen).toEqual([undefined]);
    other.close();
    await once(other, 'close');
  });
});

describe('content encodings that were not asked for', () => {
  const packed = gzipSync(body);

  it('are undone, so that the bytes are those of the file', async () => {
    server.on('/noble.img', file(packed, { 'content-encoding': 'gzip' }));
    expect(await get('/noble.img')).toMatchObject({ ...whole, size: undefined });
  });

  it('stay when the file itself is packed and the server only says so', async () => {
    server.on('/noble.img.gz', file(packed, { 'content-encoding': 'x-gzip' }));
    expect(await get('/noble.img.gz')).toMatchObject({ bytes: packed.length, size: packed.length });
  });

  it('that are not known are refused', async () => {
    server.on('/noble.img', file(brotliCompressSync(body.subarray(0, 1000)), { 'content-encoding': 'br' }));
    expect((await failure('/noble.img')).message).toContain('content encoding "br"');
  });
});

describe('a proxy from the environment', () => {
  /** Passes requests on, whatever host they name, and tunnels. */
  const withProxy = async <T>(work: (proxy: string, seen: readonly string[]) => Promise<T>): Promise<T> => {
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      const { pathname } = new URL(request.url ?? '');
      requestHttp(new URL(pathname, server.origin), (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      }).end();
    });
    proxy.on('connect', (request, socket) => {
      seen.push(`CONNECT ${request.url}`);
      const target = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      for (const each of [socket, target]) each.on('error', () => undefined);
      target.on('close', () => socket.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    try {
      return await work(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, seen);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
    }
  };

  it('is used for http', async () => {
    server.on('/x', file(body));
    await withProxy(async (proxy, seen) => {
      expect(await get('http://images.invalid/x', { env: { http_proxy: proxy } })).toMatchObject(whole);
      expect(seen).toEqual(['GET http://images.invalid/x']);
    });
  });

  it('is not used for hosts of no_proxy', async () => {
    server.on('/x', file(body));
    await withProxy(async (proxy, seen) => {
      expect(await get('/x', { env: { http_proxy: proxy, no_proxy: '127.0.0.1' } })).toMatchObject(whole);
      expect(seen).toEqual([]);
    });
  });

  describe('and https', () => {
    const certificate = makeCertificate();
    const secure = useImageServer(() => certificate);

    it('is tunnelled', async () => {
      secure.on('/x', file(body));
      await withProxy(async (proxy, seen) => {
        const { origin } = secure;
        expect(await get(`${origin}/x`, { env: { https_proxy: proxy }, ca: certificate.cert })).toMatchObject(
          whole,
        );
        expect(seen).toEqual([`CONNECT ${origin.slice('https://'.length)}`]);
      });
    });

    it('is not trusted without its authority', async () => {
      secure.on('/x', file(body));
      expect(await failure(`${secure.origin}/x`)).toMatchObject({
        code: 'VMCTL_IMAGE_DOWNLOAD_FAILED',
        hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      });
    });

    it('is never left for http by a redirect', async () => {
      secure.on('/x', redirect(`${server.origin}/x`));
      server.on('/x', file(body));
      expect((await failure(`${secure.origin}/x`, { ca: certificate.cert })).message).toContain(
        'redirects from https to http',
      );
      expect(server.requests).toHaveLength(0);
    });
  });
});
