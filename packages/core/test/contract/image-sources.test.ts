import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from '@jest/globals';
import { imageSourceConformance, type ServedImage } from '@vmctl/conformance';
import { FileImageSource } from '../../src/images/file-source.js';
import { HttpImageSource } from '../../src/images/http-source.js';
import { OciImageSource } from '../../src/images/oci-source.js';
import { type Answer, brokenOff, file, ranged, stalled, status } from '../integration/images/image-server.js';
import { artifact, containerDisk, digest, type PushedImage } from '../integration/images/oci-images.js';
import { makeCertificate } from '../support/certificate.js';
import { silent } from '../support/guest.js';

/** Files that this process has open below a directory. */
function openBelow(directory: string): number {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return targets.filter((target) => target.startsWith(`${directory}/`)).length;
}

await imageSourceConformance(
  { describe, it },
  {
    create: () => new FileImageSource(),
    serve: async (content, directory) => {
      const path = join(directory, 'disk.img');
      await writeFile(path, content);
      return {
        url: pathToFileURL(path),
        missing: pathToFileURL(join(directory, 'no-such.img')),
        replace: (other) => writeFile(path, other),
        open: () => openBelow(directory),
        close: async () => undefined,
      };
    },
  },
);

/** A server on this host, and how its end is waited for. */
interface Served {
  readonly origin: string;
  readonly open: () => number;
  readonly close: () => Promise<void>;
}

/** Answers by path. */
async function serve(
  answers: ReadonlyMap<string, Answer>,
  tls?: { readonly key: string; readonly cert: string },
): Promise<Served> {
  const listener: RequestListener = (request, response) => {
    (answers.get(request.url ?? '') ?? status(404))(request, response);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // listening on TCP
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    open: () => sockets.size,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** An HTTP server with one image, whole and in every other way. */
async function serveHttp(
  content: Uint8Array,
  tls?: { readonly key: string; readonly cert: string },
): Promise<ServedImage> {
  const body = Buffer.from(content);
  const half = Math.floor(body.length / 2);
  const { origin, ...served } = await serve(
    new Map([
      ['/disk.img', ranged(body)],
      ['/truncated.img', brokenOff(body, half, {})],
      ['/stalled.img', stalled(body, half)],
    ]),
    tls,
  );
  return {
    url: new URL('/disk.img', origin),
    missing: new URL('/no-such.img', origin),
    truncated: new URL('/truncated.img', origin),
    stalled: new URL('/stalled.img', origin),
    ...served,
  };
}

/** A registry with one image, whole and in every other way. */
async function serveOci(image: PushedImage): Promise<ServedImage> {
  const ways = new Map<string, (body: Buffer) => Answer>([
    ['whole', ranged],
    ['truncated', (body) => brokenOff(body, Math.floor(body.length / 2), {})],
    ['stalled', (body) => stalled(body, Math.floor(body.length / 2))],
  ]);
  const answers = [...ways].flatMap(([name, way]): [string, Answer][] => [
    [`/v2/${name}/manifests/1`, file(image.bytes, { 'content-type': image.mediaType })],
    ...image.blobs.map((blob): [string, Answer] => [`/v2/${name}/blobs/${digest(blob)}`, way(blob)]),
  ]);
  const { origin, ...served } = await serve(new Map(answers));
  const at = (path: string): URL => new URL(origin.replace('http:', 'oci:') + path);
  return {
    url: at('/whole:1'),
    missing: at('/whole:2'),
    truncated: at('/truncated:1'),
    stalled: at('/stalled:1'),
    ...served,
  };
}

const quick = { log: silent, env: {}, retries: 1, retryDelayMs: 1 } as const;

await imageSourceConformance(
  { describe, it },
  { create: () => new HttpImageSource('http', quick), serve: (content) => serveHttp(content) },
);

const tls = makeCertificate();
await imageSourceConformance(
  { describe, it },
  {
    create: () => new HttpImageSource('https', { ...quick, ca: tls.cert }),
    serve: (content) => serveHttp(content, tls),
  },
);

for (const pack of [
  (content: Uint8Array) => artifact({ 'disk.img': content }),
  (content: Uint8Array) =>
    containerDisk({ 'etc/os-release': Buffer.from('ID=vm\n'), 'disk/disk.img': content }),
]) {
  await imageSourceConformance(
    { describe, it },
    { create: () => new OciImageSource(quick), serve: (content) => serveOci(pack(content)) },
  );
}
