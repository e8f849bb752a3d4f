import { once } from 'node:events';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { shortPath } from '../../../src/host/short-socket-path.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const uid = process.getuid?.() ?? 0;

/** Of a short path, however long that of the system's directory for temporary files is. */
let place: string;
let runtimeDir: string;
let deep: string;
let env: Record<string, string>;

beforeEach(async () => {
  place = await mkdtemp('/tmp/vmctl-test-');
  runtimeDir = join(place, 'run');
  deep = join(directory.path, 'd'.repeat(150), 'e'.repeat(150));
  env = { XDG_RUNTIME_DIR: runtimeDir };
  await mkdir(runtimeDir);
  await mkdir(deep, { recursive: true });
});

afterEach(() => rm(place, { recursive: true, force: true }));

const talk = async (serverPath: string, clientPath: string): Promise<void> => {
  const server = createServer((socket) => socket.end('hello')).listen(serverPath);
  await once(server, 'listening');
  const client = connect(clientPath);
  const [chunk] = await once(client, 'data');
  expect(String(chunk)).toBe('hello');
  client.destroy();
  server.close();
  await once(server, 'close');
};

describe('shortPath', () => {
  it('leaves a path of up to 100 bytes alone', async () => {
    const path = `/${'x'.repeat(99)}`;
    expect(await shortPath(path, { env })).toBe(path);
    expect(await readdir(runtimeDir)).toEqual([]);
  });

  it('counts bytes, not characters', async () => {
    const path = join('/', 'é'.repeat(50), 'x');
    expect(path).toHaveLength(53);
    const short = await shortPath(path, { env });
    expect(short).not.toBe(path);
    expect(Buffer.byteLength(short)).toBeLessThanOrEqual(100);
  });

  it('lets servers listen and clients connect in a directory of 300 bytes', async () => {
    const path = join(deep, 'console.sock');
    const short = await shortPath(path, { env });
    expect(Buffer.byteLength(short)).toBeLessThanOrEqual(100);
    expect(basename(short)).toBe('console.sock');
    await talk(short, short);
  });

  it('leads to the same socket when the runtime directory is another one', async () => {
    const path = join(deep, 'qmp.sock');
    const other = join(place, 'other');
    await mkdir(other);
    const short = await shortPath(path, { env });
    const server = createServer((socket) => socket.end('hello')).listen(short);
    await once(server, 'listening');
    await rm(runtimeDir, { recursive: true }); // as at the end of a login session
    const client = connect(await shortPath(path, { env: { XDG_RUNTIME_DIR: other } }));
    expect(String((await once(client, 'data'))[0])).toBe('hello');
    client.destroy();
    server.close();
  });

  it('gives the same path each time, to however many at once, and leaves one link', async () => {
    const paths = await Promise.all(
      Array.from({ length: 20 }, () => shortPath(join(deep, 'qmp.sock'), { env })),
    );
    expect(new Set(paths).size).toBe(1);
    expect(await readdir(join(runtimeDir, `vmctl-${uid}`))).toHaveLength(1);
    expect(await shortPath(join(directory.path, 'f'.repeat(100), 'qmp.sock'), { env })).not.toBe(paths[0]);
  });

  it('mends a link that was removed or leads elsewhere', async () => {
    const short = await shortPath(join(deep, 'qmp.sock'), { env });
    const link = dirname(short);
    await rm(link);
    expect(await shortPath(join(deep, 'qmp.sock'), { env })).toBe(short);
    await rm(link);
    await symlink('/elsewhere', link);
    expect(await shortPath(join(deep, 'qmp.sock'), { env })).toBe(short);
    expect(await readlink(link)).toBe(deep);
  });

  it('keeps its directory closed to others', async () => {
    const links = join(runtimeDir, `vmctl-${uid}`);
    await mkdir(links);
    await chmod(links, 0o777);
    await shortPath(join(deep, 'qmp.sock'), { env });
    expect((await lstat(links)).mode & 0o777).toBe(0o700);
  });

  it.each(['a link', 'a file'])('does not use %s in the place of its directory', async (what) => {
    const links = join(runtimeDir, `vmctl-${uid}`);
    const trap = join(directory.path, 'trap');
    await mkdir(trap);
    await (what === 'a link' ? symlink(trap, links) : writeFile(links, ''));
    const short = await shortPath(join(deep, 'qmp.sock'), { env });
    expect(short.startsWith(runtimeDir)).toBe(false);
    expect(await readdir(trap)).toEqual([]);
    await rm(dirname(short));
  });

  // Giving a directory to somebody else takes root.
  (uid === 0 ? it : it.skip)(
    'does not use a directory that belongs to somebody else (needs root to set up)',
    async () => {
      const links = join(runtimeDir, `vmctl-${uid}`);
      await mkdir(links);
      await chown(links, 12345, 12345);
      const short = await shortPath(join(deep, 'qmp.sock'), { env });
      expect(short.startsWith(runtimeDir)).toBe(false);
      expect(await readdir(links)).toEqual([]);
      await rm(dirname(short));
    },
  );

  it('does without a runtime directory that is missing, relative, or too long itself', async () => {
    const tooLong = join(directory.path, 'l'.repeat(90));
    await mkdir(tooLong);
    for (const bad of [join(directory.path, 'missing'), 'relative', tooLong]) {
      const short = await shortPath(join(deep, 'qmp.sock'), { env: { XDG_RUNTIME_DIR: bad } });
      expect(Buffer.byteLength(short)).toBeLessThanOrEqual(100);
      await rm(dirname(short));
    }
  });

  it('says so when the name of the socket alone is too long', async () => {
    await expect(shortPath(join(deep, 's'.repeat(95)), { env })).rejects.toMatchObject({
      code: 'VMCTL_UNSAFE_RUNTIME_DIR',
      message: expect.stringContaining('too long'),
    });
  });
});
