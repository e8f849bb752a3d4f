import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { create } from 'tar';

/** The package.json of a package that is published; the rest of it is free. */
export interface PublishedManifest {
  readonly name: string;
  readonly version: string;
  readonly [field: string]: unknown;
}

interface Published {
  readonly manifest: PublishedManifest;
  readonly tarball: Buffer;
  readonly integrity: string;
}

/**
 * An npm registry on loopback that can misbehave: it changes tarballs, keeps npm waiting, and goes away. It speaks as
 * much of the protocol as npm needs to install.
 */
export class ScriptedRegistry {
  readonly #server: Server;
  /** Of the registry, also when it has gone away. */
  readonly url: string;
  readonly #packages = new Map<string, Map<string, Published>>();
  readonly #tampered = new Set<string>();
  /** Every request since the start, as `GET /path`. */
  readonly requests: string[] = [];
  #held: { readonly reached: () => void; readonly released: Promise<void> } | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`; // it listens on TCP
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<ScriptedRegistry> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ScriptedRegistry(server);
  }

  /** Publishes a package: its package.json and its other files. */
  async publish(manifest: PublishedManifest, files: Readonly<Record<string, string>>): Promise<void> {
    const tarball = await pack({ ...files, 'package.json': JSON.stringify(manifest, undefined, 2) });
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    const versions = this.#packages.get(manifest.name) ?? new Map<string, Published>();
    versions.set(manifest.version, { manifest, tarball, integrity });
    this.#packages.set(manifest.name, versions);
  }

  /** From now on the tarballs of this package are not those that were published. */
  tamper(name: string): void {
    this.#tampered.add(name);
  }

  /** Keeps the next tarball back: `reached` resolves when it is asked for, and it is sent after `release`. */
  holdTarballs(): { readonly reached: Promise<void>; readonly release: () => void } {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.#held = { reached: reached.resolve, released: released.promise };
    return {
      reached: reached.promise,
      release: () => {
        this.#held = undefined;
        released.resolve();
      },
    };
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(request.url ?? '/').replace(/^\//, '');
    this.requests.push(`${request.method} /${path}`);
    const [, name = path, file] = /^(.+)\/-\/(.+)\.tgz$/.exec(path) ?? [];
    const versions = this.#packages.get(name);
    if (versions === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}');
      return;
    }
    if (file === undefined) {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(this.#document(name, versions)));
      return;
    }
    if (this.#held !== undefined) {
      this.#held.reached();
      await this.#held.released;
    }
    const published = versions.get(file);
    const tarball = this.#tampered.has(name) ? await pack({ 'package.json': '{}' }) : published?.tarball;
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(tarball);
  }

  #document(name: string, versions: ReadonlyMap<string, Published>): unknown {
    return {
      name,
      'dist-tags': { latest: [...versions.keys()].at(-1) },
      versions: Object.fromEntries(
        [...versions].map(([version, { manifest, integrity }]) => [
          version,
          { ...manifest, dist: { integrity, tarball: `${this.url}${name}/-/${version}.tgz` } },
        ]),
      ),
    };
  }
}

/** A tarball as npm packs it. */
async function pack(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'vmctl-pack-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      const file = join(directory, 'package', path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    const chunks: Buffer[] = [];
    const stream = create({ gzip: true, cwd: directory, portable: true, mtime: new Date(0) }, ['package']);
    for await (const chunk of stream) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
