import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { PushedImage, PushedManifest } from '../integration/images/oci-images.js';
import { digest } from '../integration/images/oci-images.js';

/** The program, of Debian's package of the same name. */
export const DOCKER_REGISTRY = 'docker-registry';

/** A running registry on 127.0.0.1. */
export interface DockerRegistry {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Pushes an image or an index under a tag. */
  push(repository: string, tag: string, image: PushedImage | PushedManifest): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts Docker's registry.
 *
 * @param directory - where it keeps images and configuration; several may share the images of one
 * @param auth - its `auth` setting; default: everybody may read and write
 */
export async function startDockerRegistry(directory: string, auth?: object): Promise<DockerRegistry> {
  await mkdir(directory, { recursive: true });
  const config = join(directory, `${auth === undefined ? 'open' : Object.keys(auth).join()}.json`);
  // JSON is YAML as well.
  const settings = {
    version: '0.1',
    log: { level: 'info', formatter: 'json', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'registry') } },
    http: { addr: '127.0.0.1:0' },
    ...(auth === undefined ? {} : { auth }),
  };
  await writeFile(config, JSON.stringify(settings));
  const child = spawn(DOCKER_REGISTRY, ['serve', config], {
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const said: string[] = [];
  let host: string | undefined;
  for await (const line of createInterface(child.stderr)) {
    said.push(line);
    host = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
    if (host !== undefined) break;
  }
  if (host === undefined) throw new Error(`${DOCKER_REGISTRY} does not listen:\n${said.join('\n')}`);
  // Its log has to go somewhere, or it waits.
  child.stderr.resume();
  const origin = `http://${host}`;
  return {
    host,
    push: (repository, tag, image) => push(`${origin}/v2/${repository}`, tag, image),
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function push(base: string, tag: string, image: PushedImage | PushedManifest): Promise<void> {
  for (const blob of 'blobs' in image ? image.blobs : []) {
    const begun = await expectStatus(await fetch(`${base}/blobs/uploads/`, { method: 'POST' }), 202);
    const upload = new URL(begun.headers.get('location') ?? '', base);
    upload.searchParams.set('digest', digest(blob));
    await expectStatus(await fetch(upload, { method: 'PUT', body: new Uint8Array(blob) }), 201);
  }
  const pushed = await fetch(`${base}/manifests/${tag}`, {
    method: 'PUT',
    body: new Uint8Array(image.bytes),
    headers: { 'content-type': image.mediaType },
  });
  await expectStatus(pushed, 201);
}

async function expectStatus(response: Response, status: number): Promise<Response> {
  const body = await response.text();
  if (response.status !== status) throw new Error(`${response.url}: ${response.status} ${body}`);
  return response;
}
