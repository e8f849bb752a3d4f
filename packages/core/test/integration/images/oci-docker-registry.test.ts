import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, randomBytes, randomUUID, sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { ImageStore } from '../../../src/images/image-store.js';
import { OciImageSource } from '../../../src/images/oci-source.js';
import { DOCKER_REGISTRY, type DockerRegistry, startDockerRegistry } from '../../support/docker-registry.js';
import { silent } from '../../support/guest.js';
import { has, itWith } from '../../support/programs.js';
import { makeQcow2 } from './disk-images.js';
import { createStore, listener } from './image-stores.js';
import { artifact, containerDisk, digest, index } from './oci-images.js';

const it = itWith(DOCKER_REGISTRY, 'openssl');
const REALM = 'vmctl-test';
/** Of the password `secret`, with bcrypt, which is all that the registry takes. */
const HTPASSWD = 'me:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n';
const LOGIN = `Basic ${Buffer.from('me:secret').toString('base64')}`;

let directory: string;
let open: DockerRegistry;
let withPassword: DockerRegistry;
let withTokens: DockerRegistry;
let tokens: Server;
let tokenRequests: IncomingMessage[];
let qcow2: Buffer;
const raw = randomBytes(3 * 1024 * 1024);
raw.set([0x55, 0xaa], 510);

beforeAll(async () => {
  if (!has(DOCKER_REGISTRY) || !has('openssl')) return;
  directory = await mkdtemp(join(tmpdir(), 'vmctl-oci-'));
  makeQcow2(join(directory, 'disk.qcow2'), '8M');
  qcow2 = await readFile(join(directory, 'disk.qcow2'));
  await writeFile(join(directory, 'htpasswd'), HTPASSWD);
  const realm = await startTokenServer();
  // One store of images, and three doors to it.
  [open, withPassword, withTokens] = await Promise.all([
    startDockerRegistry(directory),
    startDockerRegistry(directory, { htpasswd: { realm: REALM, path: join(directory, 'htpasswd') } }),
    startDockerRegistry(directory, {
      token: { realm, service: REALM, issuer: REALM, rootcertbundle: join(directory, 'token.pem') },
    }),
  ]);
  await open.push('vm/disk', '1', artifact({ 'disk.qcow2': qcow2 }));
});

afterAll(async () => {
  if (directory === undefined) return;
  await Promise.all([open, withPassword, withTokens].map((registry) => registry.stop()));
  tokens.close();
  await rm(directory, { recursive: true, force: true });
});

/** Gives out tokens as Docker's token authentication describes them: to anybody for `vm/`, with a login for the rest. */
async function startTokenServer(): Promise<string> {
  const [key, certificate] = [join(directory, 'token.key'), join(directory, 'token.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ].concat(['-subj', '/CN=tokens', '-keyout', key, '-out', certificate]),
    { stdio: 'pipe' },
  );
  const privateKey = createPrivateKey(await readFile(key));
  const x5c = [new X509Certificate(await readFile(certificate)).raw.toString('base64')];
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const tokenFor = (scope: string): string => {
    const [type = '', name = '', actions = ''] = scope.split(':');
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: REALM,
      sub: '',
      aud: REALM,
      iat: now,
      nbf: now - 60,
      exp: now + 60,
      jti: randomUUID(),
      access: [{ type, name, actions: actions.split(',') }],
    };
    const text = `${encode({ typ: 'JWT', alg: 'ES256', x5c })}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  };
  tokenRequests = [];
  tokens = createServer((request, response) => {
    tokenRequests.push(request);
    const scope = new URL(request.url ?? '', 'http://x').searchParams.get('scope') ?? '';
    const mayPull = scope.startsWith('repository:vm/') || request.headers.authorization === LOGIN;
    response.writeHead(mayPull ? 200 : 403, { 'content-type': 'application/json' });
    response.end(JSON.stringify(mayPull ? { token: tokenFor(scope) } : { details: 'denied' }));
  });
  tokens.listen(0, '127.0.0.1');
  await once(tokens, 'listening');
  const { port } = tokens.address() as AddressInfo; // listening on TCP
  return `http://127.0.0.1:${port}/token`;
}

/** A new store of its own, for a user with that home directory. */
async function newStore(
  architecture = 'x64',
): Promise<{ readonly store: ImageStore; readonly homeDir: string }> {
  const homeDir = await mkdtemp(join(directory, 'home-'));
  const source = new OciImageSource({ log: silent, env: {}, retryDelayMs: 1, homeDir, architecture });
  const store = createStore(homeDir, { sources: async () => source });
  return { store, homeDir };
}

/** Pulls with a store of its own; gives the file's bytes as well. */
async function pull(url: string, options: { readonly architecture?: string; readonly sha256?: string } = {}) {
  const { store } = await newStore(options.architecture);
  const image = await store.resolve({ kind: 'url', url, sha256: options.sha256 }, listener());
  return { ...image, bytes: await readFile(image.path) };
}

describe('a disk image in a registry', () => {
  it('is pulled by its tag, from an artifact with one file', async () => {
    const image = await pull(`oci://${open.host}/vm/disk:1`);
    expect(image).toMatchObject({ format: 'qcow2', virtualSize: 8 * 1024 * 1024, label: 'disk:1' });
    expect(image.bytes.equals(qcow2)).toBe(true);
    expect(image.path).toMatch(/-disk\.qcow2$/);
  });

  it('is pulled by digest, of the manifest and of the file', async () => {
    const image = artifact({ 'disk.qcow2': qcow2 });
    const sha256 = createHash('sha256').update(qcow2).digest('hex');
    const pulled = await pull(`oci://${open.host}/vm/disk@${digest(image.bytes)}`, { sha256 });
    expect(pulled.bytes.equals(qcow2)).toBe(true);
    await expect(pull(`oci://${open.host}/vm/disk:1`, { sha256: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'VMCTL_IMAGE_CHECKSUM',
    });
  });

  it('is pulled from a container disk, out of the layer that has it', async () => {
    const image = containerDisk({ 'disk/disk.img': raw }, { 'etc/motd': Buffer.from('hello\n') });
    await open.push('vm/container', '1', image);
    const pulled = await pull(`oci://${open.host}/vm/container:1`);
    expect(pulled).toMatchObject({ format: 'raw', virtualSize: raw.length });
    expect(pulled.bytes.equals(raw)).toBe(true);
  });

  it('is pulled for the platform, and for QEMU, where there are several', async () => {
    const mine = artifact({ 'disk.qcow2': qcow2 });
    const other = artifact({ 'disk.raw': raw });
    await open.push('vm/many', 'mine', mine);
    await open.push('vm/many', 'other', other);
    const entries = [
      { manifest: other, architecture: 'arm64' },
      { manifest: other, architecture: 'x86_64', disktype: 'hyperv' },
      { manifest: other, architecture: 'amd64' },
      { manifest: mine, architecture: 'x86_64', disktype: 'qemu' },
    ];
    await open.push('vm/many', 'latest', index(entries));
    expect((await pull(`oci://${open.host}/vm/many`)).format).toBe('qcow2');
    expect((await pull(`oci://${open.host}/vm/many`, { architecture: 'arm64' })).format).toBe('raw');
    await expect(pull(`oci://${open.host}/vm/many`, { architecture: 's390x' })).rejects.toMatchObject({
      code: 'VMCTL_IMAGE_INVALID',
      message: expect.stringContaining('has nothing for linux/s390x'),
    });
  });

  it('is explained when it is not there or has no disk', async () => {
    await open.push('vm/none', '1', containerDisk({ 'etc/motd': Buffer.from('hello\n') }));
    await expect(pull(`oci://${open.host}/vm/none:1`)).rejects.toMatchObject({
      code: 'VMCTL_IMAGE_INVALID',
      message: expect.stringContaining('no file in /disk'),
    });
    await expect(pull(`oci://${open.host}/vm/disk:2`)).rejects.toMatchObject({
      code: 'VMCTL_IMAGE_DOWNLOAD_FAILED',
      message: expect.stringContaining('has no oci://'),
    });
  });
});

describe('a registry that wants a password', () => {
  it('gets that of the user, and nobody else’s', async () => {
    const url = `oci://${withPassword.host}/vm/disk:1`;
    const { store, homeDir } = await newStore();
    const resolve = () => store.resolve({ kind: 'url', url }, listener());
    await expect(resolve()).rejects.toMatchObject({
      code: 'VMCTL_IMAGE_DOWNLOAD_FAILED',
      message: expect.stringContaining('vmctl has no login for it'),
      hint: expect.stringContaining(`docker login ${withPassword.host}`),
    });
    await writeLogin(homeDir, withPassword.host, 'me:wrong');
    await expect(resolve()).rejects.toThrow('for the user me');
    await writeLogin(homeDir, withPassword.host, 'me:secret');
    expect(await resolve()).toMatchObject({ format: 'qcow2', origin: 'downloaded' });
  });

  it('may get one from the URL, which is stored nowhere', async () => {
    const image = await pull(`oci://me:secret@${withPassword.host}/vm/disk:1`);
    expect(await readFile(`${image.path}.json`, 'utf8')).not.toContain('secret');
  });
});

describe('a registry that wants a token', () => {
  it('gets one that anybody may have', async () => {
    tokenRequests.length = 0;
    expect(await pull(`oci://${withTokens.host}/vm/disk:1`)).toMatchObject({ format: 'qcow2' });
    expect(tokenRequests).toHaveLength(1);
    expect(tokenRequests[0]?.headers.authorization).toBeUndefined();
  });

  it('gets one for the user where it has to be somebody', async () => {
    await open.push('private/disk', '1', artifact({ 'disk.qcow2': qcow2 }));
    const { store, homeDir } = await newStore();
    const url = `oci://${withTokens.host}/private/disk:1`;
    const resolve = () => store.resolve({ kind: 'url', url }, listener());
    await expect(resolve()).rejects.toThrow('refuses access');
    await writeLogin(homeDir, withTokens.host, 'me:secret');
    expect(await resolve()).toMatchObject({ format: 'qcow2', origin: 'downloaded' });
  });
});

async function writeLogin(homeDir: string, host: string, pair: string): Promise<void> {
  const auths = { [host]: { auth: Buffer.from(pair).toString('base64') } };
  await mkdir(join(homeDir, '.docker'), { recursive: true });
  await writeFile(join(homeDir, '.docker/config.json'), JSON.stringify({ auths }));
}
