import { readdirSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { GuestSession } from '../../../src/guest/contract.js';
import { login } from '../../support/guest.js';
import { has } from '../../support/programs.js';
import { canMakeUsers, startSshd, type Sshd } from '../../support/sshd.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const local = (name: string) => join(directory.path, 'local', name);
const remote = (name: string) => join(directory.path, 'remote', name);

let sshd: Sshd;
let guest: GuestSession;

beforeAll(async () => {
  sshd = await startSshd();
  guest = await login(sshd);
});

afterAll(async () => {
  await guest.end();
  await sshd.stop();
});

const modeOf = async (path: string) => (await stat(path)).mode & 0o7777;

async function put(path: string, content: string | Uint8Array, mode = 0o644): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

/** Kind, mode and content of everything below a directory. */
async function tree(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const walk = async (below: string): Promise<void> => {
    for (const name of await readdir(join(root, below))) {
      const path = join(root, below, name);
      const stats = await lstat(path);
      const mode = (stats.mode & 0o7777).toString(8);
      const key = join(below, name);
      if (stats.isSymbolicLink()) found[key] = `-> ${await readlink(path)}`;
      else if (!stats.isDirectory()) found[key] = `${mode} ${digest(await readFile(path))}`;
      else {
        found[key] = `${mode}/`;
        await walk(key);
      }
    }
  };
  await walk('');
  return found;
}

function digest(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 12);
}

const LONG = 'n'.repeat(120);
const DEEP = Array.from({ length: 4 }, (_, i) => `${i}${'d'.repeat(90)}`).join('/');

/** A directory with everything that is hard to copy. */
async function makeTree(root: string): Promise<void> {
  await put(join(root, 'plain'), 'text\n');
  await put(join(root, 'run.sh'), '#!/bin/sh\n', 0o755);
  await put(join(root, 'private'), 'key', 0o600);
  await put(join(root, 'shared'), 'x', 0o666);
  await put(join(root, 'empty'), '');
  await put(join(root, '512'), 'x'.repeat(512));
  await put(join(root, 'large'), randomBytes(3_000_000));
  await put(join(root, 'dir with blanks', 'it\'s "here"'), 'quotes');
  await put(join(root, '-rf'), 'dash');
  await put(join(root, '@list'), 'at');
  await put(join(root, 'two\nlines'), 'line');
  await put(join(root, 'ünï😀'), 'unicode');
  await put(join(root, '.hidden', '.file'), 'dot');
  await put(join(root, LONG), 'long');
  await put(join(root, DEEP, LONG), 'deep');
  await mkdir(join(root, 'hollow'));
  await chmod(join(root, 'hollow'), 0o700);
  await put(join(root, 'read-only', 'file'), 'fixed', 0o444);
  await chmod(join(root, 'read-only'), 0o555);
  await symlink('plain', join(root, 'link'));
  await symlink('/no/such/place', join(root, 'dangling'));
  await symlink('..', join(root, '.hidden', 'up'));
  await symlink('dir with blanks', join(root, 'link-to-directory'));
  await symlink(`${DEEP}/${LONG}`, join(root, 'far'));
  await utimes(join(root, 'plain'), 1_000_000_000, 1_000_000_000);
}

describe('upload of a file', () => {
  it.each([0o644, 0o755, 0o600, 0o444, 0o777, 0o666, 0o4755, 0o000])(
    'keeps its content and its mode, %o',
    async (mode) => {
      const content = randomBytes(100_000);
      await put(local('file'), content, mode);
      await mkdir(remote('.'), { recursive: true });
      await guest.upload(local('file'), remote('file'));
      expect((await readFile(remote('file'))).equals(content)).toBe(true);
      expect(await modeOf(remote('file'))).toBe(mode);
      expect(await readdir(remote('.'))).toEqual(['file']);
    },
  );

  it.each([0, 1, 262_143, 262_144, 262_145, 3_000_000])('copies %i bytes', async (size) => {
    const content = randomBytes(size);
    await put(local('file'), content);
    const progress: number[] = [];
    await guest.upload(local('file'), remote('sub/file'), { onProgress: (bytes) => progress.push(bytes) });
    expect((await readFile(remote('sub/file'))).equals(content)).toBe(true);
    expect(progress.at(-1) ?? 0).toBe(size);
  });

  it('copies what is in a file that claims to be empty, as those of /proc do', async () => {
    const progress: number[] = [];
    await guest.upload('/proc/self/limits', remote('limits'), {
      onProgress: (bytes) => progress.push(bytes),
    });
    const content = await readFile(remote('limits'), 'utf8');
    expect(content).toBe(await readFile('/proc/self/limits', 'utf8'));
    expect(progress.at(-1)).toBe(Buffer.byteLength(content));
  });

  it('puts it into a directory that exists, or that the path says it is', async () => {
    await put(local('file'), 'x');
    await mkdir(remote('there'), { recursive: true });
    await guest.upload(local('file'), remote('there'));
    await guest.upload(local('file'), remote('new/'));
    expect(await readdir(remote('there'))).toEqual(['file']);
    expect(await readdir(remote('new'))).toEqual(['file']);
  });

  it('replaces a file in one step: whoever reads the old one keeps it', async () => {
    await put(local('file'), 'new');
    await put(remote('file'), 'old', 0o600);
    const { ino } = await stat(remote('file'));
    await guest.upload(local('file'), remote('file'));
    expect(await readFile(remote('file'), 'utf8')).toBe('new');
    expect(await modeOf(remote('file'))).toBe(0o644);
    expect((await stat(remote('file'))).ino).not.toBe(ino);
  });

  it('writes through a symbolic link, and to a device', async () => {
    await put(local('file'), 'new');
    await put(remote('real'), 'old');
    await symlink('real', remote('link'));
    await guest.upload(local('file'), remote('link'));
    expect(await readFile(remote('real'), 'utf8')).toBe('new');
    expect(await readlink(remote('link'))).toBe('real');
    await guest.upload(local('file'), '/dev/null');
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  it('takes any name as it is', async () => {
    await put(local('file'), 'x');
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 20 })
      .map((text) => text.replaceAll(/[\0/]/g, '').toWellFormed())
      .filter((text) => text !== '' && text !== '.' && text !== '..');
    let count = 0;
    await fc.assert(
      fc.asyncProperty(name, async (text) => {
        const target = remote(`${count++}`);
        await guest.upload(local('file'), `${target}/${text}`);
        expect(await readdir(target)).toEqual([text]);
      }),
      {
        numRuns: 25,
        examples: [
          ['a b'],
          ["it's"],
          ['"'],
          ['\n'],
          ['-rf'],
          ['$(id)'],
          ['`id`'],
          ['*'],
          ['~'],
          ['\\'],
          ['!!'],
          [';'],
        ],
      },
    );
  });

  it('takes ~ for the home directory of the login user, and only at the start', async () => {
    await put(local('file'), 'x');
    await guest.upload(local('file'), '~/from-test/a');
    await guest.upload(local('file'), '~/from-test/~');
    const home = sshd.home(sshd.user);
    expect((await readdir(join(home, 'from-test'))).toSorted()).toEqual(['a', '~']);
    await guest.upload(local('file'), '~');
    expect(await readFile(join(home, 'file'), 'utf8')).toBe('x');
  });

  it('says which local file is missing', async () => {
    await expect(guest.upload(local('none'), remote('x'))).rejects.toMatchObject({
      code: 'VMCTL_FILE_MISSING',
      message: expect.stringContaining(local('none')),
    });
  });

  it('says what the guest said when it fails, and leaves nothing behind', async () => {
    await put(local('file'), 'x');
    await put(remote('file'), 'not a directory');
    await expect(guest.upload(local('file'), remote('file/sub'))).rejects.toMatchObject({
      code: 'VMCTL_GUEST_TRANSFER_FAILED',
      message: expect.stringMatching(/Not a directory|File exists/),
    });
    await expect(guest.upload(local('file'), '')).rejects.toMatchObject({
      code: 'VMCTL_GUEST_TRANSFER_FAILED',
    });
    expect(await readdir(remote('.'))).toEqual(['file']);
  });

  it('never puts a part of a file in place: neither on an abort nor when the connection is lost', async () => {
    await put(local('file'), randomBytes(30_000_000));
    await put(remote('file'), 'old');
    const old = digest(Buffer.from('old'));
    const abort = new AbortController();
    const reason = new Error('Ctrl-C');
    const aborted = guest.upload(local('file'), remote('file'), {
      signal: abort.signal,
      onProgress: (bytes) => bytes > 1_000_000 && abort.abort(reason),
    });
    await expect(aborted).rejects.toBe(reason);
    expect(await readdir(remote('.'))).toEqual(['file']);
    expect(digest(await readFile(remote('file')))).toBe(old);

    const doomed = await startSshd();
    const session = await login(doomed);
    const broken = session.upload(local('file'), remote('file'), {
      // Once the guest has begun to write; it has not been sent all by then, as it takes 2 MiB at a time.
      onProgress: () => readdirSync(remote('.')).length > 1 && void session.end(),
    });
    await expect(broken).rejects.toMatchObject({ code: 'VMCTL_GUEST_DISCONNECTED' });
    // The guest notices by itself.
    while ((await readdir(remote('.'))).length > 1) await sleep(20);
    expect(digest(await readFile(remote('file')))).toBe(old);
    await doomed.stop();
  });
});

describe('upload of a directory', () => {
  it('keeps names, modes, times and symbolic links of all it holds', async () => {
    await makeTree(local('site'));
    let progress = 0;
    await guest.upload(local('site'), remote('srv/www'), { onProgress: (bytes) => (progress = bytes) });
    expect(await tree(remote('srv/www'))).toEqual(await tree(local('site')));
    expect((await stat(join(remote('srv/www'), 'plain'))).mtimeMs).toBe(1_000_000_000_000);
    expect(progress).toBeGreaterThan(3_000_000);
    expect(progress).toBeLessThan(3_010_000);
  });

  /** Interrupts a copy, and lets the next one go on. */
  async function goesOn(
    session: GuestSession,
    direction: 'upload' | 'download',
    from: string,
    to: string,
  ): Promise<void> {
    const content = randomBytes(24 * 1024 * 1024);
    await writeFile(from, content);
    const controller = new AbortController();
    const onProgress = (bytes: number): void => {
      if (bytes > content.length / 3) controller.abort(new Error('enough'));
    };
    const { signal } = controller;
    await expect(session[direction](from, to, { resume: true, signal, onProgress })).rejects.toThrow(
      'enough',
    );
    let resumed = 0;
    await session[direction](from, to, { resume: true, onResume: (bytes) => (resumed = bytes) });
    expect(resumed).toBeGreaterThan(0);
    expect(content.equals(await readFile(to))).toBe(true);
  }

  it('works with BusyBox', async () => {
    if (!has('busybox')) return void process.stderr.write('not tested: busybox is not installed\n');
    const bin = join(directory.path, 'bin');
    await mkdir(bin);
    for (const applet of [
      'sh',
      'tar',
      'cat',
      'chmod',
      'mkdir',
      'mv',
      'rm',
      'wc',
      'id',
      'ls',
      'sleep',
      'dd',
      'head',
      'sha256sum',
      'stat',
      'tail',
    ]) {
      await symlink('/usr/bin/busybox', join(bin, applet));
    }
    const minimal = await startSshd({ environment: { PATH: bin } });
    const session = await login(minimal);
    try {
      await makeTree(local('site'));
      await session.upload(local('site'), remote('www'));
      expect(await tree(remote('www'))).toEqual(await tree(local('site')));
      await session.upload(local('site/large'), remote('file'));
      await session.download(remote('www'), local('back'));
      expect(await tree(local('back'))).toEqual(await tree(local('site')));
      await session.mkdir(remote('a/b'));
      await session.remove(remote('file'));
      expect((await readdir(remote('.'))).toSorted()).toEqual(['a', 'www']);
      await goesOn(session, 'upload', local('big'), remote('big'));
      await goesOn(session, 'download', remote('big'), local('big-back'));
    } finally {
      await session.end();
      await minimal.stop();
    }
  });

  it('adds to a directory that exists, whose own mode stays', async () => {
    await put(local('site/new'), 'new');
    await chmod(local('site'), 0o700);
    await put(remote('www/old'), 'old');
    await chmod(remote('www'), 0o1777);
    await guest.upload(local('site'), remote('www'));
    expect((await readdir(remote('www'))).toSorted()).toEqual(['new', 'old']);
    expect(await modeOf(remote('www'))).toBe(0o1777);
    await guest.upload(local('site'), remote('fresh'));
    expect(await modeOf(remote('fresh'))).toBe(0o700);
  });

  it('copies an empty one, and leaves out what is no file', async () => {
    await mkdir(local('site'), { recursive: true });
    await guest.upload(local('site'), remote('www'));
    expect(await readdir(remote('www'))).toEqual([]);
  });

  it('fails with the error of the progress callback', async () => {
    await put(local('site/a'), 'a');
    const upload = guest.upload(local('site'), remote('www'), {
      onProgress: () => {
        throw new Error('the renderer is broken');
      },
    });
    await expect(upload).rejects.toThrow('the renderer is broken');
  });

  it('fails when a file is where the directory should be', async () => {
    await put(local('site/a'), 'a');
    await put(remote('www'), 'file');
    await expect(guest.upload(local('site'), remote('www'))).rejects.toMatchObject({
      code: 'VMCTL_GUEST_TRANSFER_FAILED',
      message: expect.stringContaining('File exists'),
    });
  });
});

describe('download', () => {
  it.each([0, 1, 3_000_000])('copies a file of %i bytes with its mode', async (size) => {
    const content = randomBytes(size);
    await put(remote('file'), content, 0o750);
    let progress = 0;
    await guest.download(remote('file'), local('got/file'), { onProgress: (bytes) => (progress = bytes) });
    expect((await readFile(local('got/file'))).equals(content)).toBe(true);
    expect(await modeOf(local('got/file'))).toBe(0o750);
    expect(await readdir(local('got'))).toEqual(['file']);
    expect(progress).toBe(size);
  });

  it('puts a file into a directory that exists, or that the path says it is', async () => {
    await put(remote('file'), 'x');
    await mkdir(local('there'), { recursive: true });
    await guest.download(remote('file'), local('there'));
    await guest.download(remote('file'), `${local('new')}/`);
    expect(await readdir(local('there'))).toEqual(['file']);
    expect(await readdir(local('new'))).toEqual(['file']);
  });

  it('copies a directory with names, modes and symbolic links', async () => {
    await makeTree(remote('site'));
    await guest.download(remote('site'), local('got'));
    expect(await tree(local('got'))).toEqual(await tree(remote('site')));
    await guest.download(remote('site'), local('got'));
    expect(await tree(local('got'))).toEqual(await tree(remote('site')));
  });

  it('takes over no set-uid bits: a guest has no say in that on the host', async () => {
    await put(remote('site/tool'), 'x', 0o4755);
    await guest.download(remote('site'), local('got'));
    expect(await modeOf(local('got/tool'))).toBe(0o755);
    await guest.download(remote('site/tool'), local('tool'));
    expect(await modeOf(local('tool'))).toBe(0o755);
  });

  it('reads files whose size is not known beforehand', async () => {
    await guest.download('/proc/self/status', local('status'));
    expect(await readFile(local('status'), 'utf8')).toMatch(/^Name:\tcat/);
  });

  it('says that there is no such file, and makes none', async () => {
    await expect(guest.download(remote('none'), local('got'))).rejects.toMatchObject({
      code: 'VMCTL_GUEST_TRANSFER_FAILED',
      message: expect.stringContaining('no such file'),
    });
    await expect(stat(local('got'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('leaves the old file where it is when it is aborted', async () => {
    await put(remote('file'), randomBytes(30_000_000));
    await put(local('file'), 'old');
    const abort = new AbortController();
    const reason = new Error('Ctrl-C');
    const running = guest.download(remote('file'), local('file'), {
      signal: abort.signal,
      onProgress: (bytes) => bytes > 1_000_000 && abort.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
    expect(digest(await readFile(local('file')))).toBe(digest(Buffer.from('old')));
    expect(await readdir(local('.'))).toEqual(['file']);
  });

  it('says which local place cannot be written', async () => {
    await put(remote('file'), 'x');
    await put(local('file'), 'not a directory');
    await expect(guest.download(remote('file'), local('file/sub'))).rejects.toMatchObject({
      code: 'VMCTL_NOT_A_DIRECTORY',
    });
  });

  it('writes nothing outside of the directory, whatever the guest sends', async () => {
    const evil = await startSshd({ environment: { PATH: `${directory.path}/evil:/usr/bin:/bin` } });
    const session = await login(evil);
    try {
      await put(join(directory.path, 'payload/x'), 'evil');
      // A "tar" in the guest whose archives climb out: by name, and through a link that it made first.
      const archive = join(directory.path, 'evil.tar');
      await session.exec(
        `cd ${directory.path}/payload && tar -cPf ${archive} --transform 's,^x$,../../escaped,' x &&
         ln -s ${directory.path} out && tar -rf ${archive} out &&
         tar -rPf ${archive} --transform 's,^x$,out/escaped,' x && rm out`,
      );
      await put(join(directory.path, 'evil/tar'), `#!/bin/sh\nexec cat ${archive}\n`, 0o755);
      await mkdir(remote('site'), { recursive: true });
      await session.download(remote('site'), local('got')).catch(() => undefined);
      expect(
        (await readdir(directory.path, { recursive: true })).filter((name) => name.includes('escaped')),
      ).toEqual(
        (await readdir(local('got'), { recursive: true }))
          .filter((name) => name.includes('escaped'))
          .map((name) => join('local/got', name)),
      );
    } finally {
      await session.end();
      await evil.stop();
    }
  });
});

describe('writeFile, mkdir and remove', () => {
  it('write text and bytes, for the user alone unless told otherwise', async () => {
    await mkdir(remote('.'), { recursive: true });
    await guest.writeFile(remote('secret'), 'größe\n');
    await guest.writeFile(remote('script'), Buffer.from([0, 255]), { mode: 0o755 });
    await guest.writeFile(remote('empty'), '');
    expect(await readFile(remote('secret'), 'utf8')).toBe('größe\n');
    expect(await modeOf(remote('secret'))).toBe(0o600);
    expect([...(await readFile(remote('script')))]).toEqual([0, 255]);
    expect(await modeOf(remote('script'))).toBe(0o755);
    expect(await readFile(remote('empty'), 'utf8')).toBe('');
  });

  it('make directories with their parents, twice as well', async () => {
    await guest.mkdir(remote('a/b c/-d'));
    await guest.mkdir(remote('a/b c/-d'));
    expect((await stat(remote('a/b c/-d'))).isDirectory()).toBe(true);
  });

  it('remove a file, a link but not what it leads to, and nothing where there is nothing', async () => {
    await put(remote('file'), 'x');
    await symlink('file', remote('link'));
    await guest.remove(remote('link'));
    await guest.remove(remote('none'));
    await guest.remove(remote('no/such/directory'));
    expect(await readdir(remote('.'))).toEqual(['file']);
    await expect(guest.remove(remote('.'))).rejects.toMatchObject({ code: 'VMCTL_GUEST_TRANSFER_FAILED' });
  });
});

(canMakeUsers ? describe : describe.skip)('a user who is not root', () => {
  let withSudo: Sshd;
  let without: Sshd;
  let sudoer: GuestSession;
  let plain: GuestSession;

  beforeAll(async () => {
    withSudo = await startSshd({ users: [{ name: 'admin' }], sudo: 'passwordless' });
    without = await startSshd({ users: [{ name: 'plain' }], sudo: 'asks-for-password' });
    sudoer = await login(withSudo, 'admin');
    plain = await login(without, 'plain');
  });

  afterAll(async () => {
    await Promise.all([sudoer.end(), plain.end()]);
    await Promise.all([withSudo.stop(), without.stop()]);
  });

  const ownerOf = async (path: string) => (await lstat(path)).uid;
  const openUp = async () => {
    await chmod(directory.path, 0o755);
    await mkdir(remote('closed'), { recursive: true });
  };

  it('owns what it writes where it may', async () => {
    await openUp();
    await put(local('site/file'), 'x', 0o640);
    await sudoer.upload(local('site'), '~/site');
    await sudoer.upload(local('site/file'), '~/file');
    await sudoer.writeFile('~/own', 'x');
    const home = withSudo.home('admin');
    for (const name of ['site', 'site/file', 'file', 'own'])
      expect(await ownerOf(join(home, name))).toBe(64_000);
  });

  it('writes through sudo where it may not, and only there', async () => {
    await openUp();
    await put(local('site/file'), 'x', 0o640);
    await sudoer.upload(local('site'), remote('closed/site'));
    await sudoer.upload(local('site/file'), remote('closed/sub/file'));
    await sudoer.upload(local('site/file'), remote('closed'));
    await sudoer.writeFile(remote('closed/written'), 'y', { mode: 0o644 });
    await sudoer.mkdir(remote('closed/made/deep'));
    for (const name of ['site', 'site/file', 'sub/file', 'file', 'written', 'made/deep']) {
      expect(await ownerOf(remote(`closed/${name}`))).toBe(0);
    }
    expect(await modeOf(remote('closed/site/file'))).toBe(0o640);
    await sudoer.remove(remote('closed/written'));
    expect((await readdir(remote('closed'))).toSorted()).toEqual(['file', 'made', 'site', 'sub']);
  });

  it('reads and writes below directories that it cannot even look into', async () => {
    await openUp();
    await put(remote('closed/file'), 'secret', 0o600);
    await put(remote('closed/tree/open'), 'open');
    await put(remote('closed/tree/shut'), 'shut', 0o600);
    await chmod(remote('closed'), 0o700);
    await put(local('new'), 'new');
    await sudoer.upload(local('new'), remote('closed/'));
    expect(await readFile(remote('closed/new'), 'utf8')).toBe('new');
    await sudoer.download(remote('closed/file'), local('got'));
    expect(await readFile(local('got'), 'utf8')).toBe('secret');
    await chmod(remote('closed'), 0o755);
    await sudoer.download(remote('closed/tree'), local('tree'));
    expect(await readFile(local('tree/shut'), 'utf8')).toBe('shut');
  });

  it('writes in place a file that it owns in a directory that it does not', async () => {
    await openUp();
    await put(remote('closed/mine'), 'old', 0o666);
    await put(local('file'), 'new');
    await sudoer.upload(local('file'), remote('closed/mine')).catch(() => undefined);
    expect(await readFile(remote('closed/mine'), 'utf8')).toBe('new');
  });

  it('is told that it may not, where there is no sudo or it is not wanted', async () => {
    await openUp();
    await put(local('site/file'), 'x');
    await put(remote('closed/shut'), 'x', 0o600);
    const denied = { code: 'VMCTL_GUEST_PERMISSION_DENIED', message: expect.stringContaining('"plain"') };
    await expect(plain.upload(local('site'), remote('closed/site'))).rejects.toMatchObject(denied);
    await expect(plain.upload(local('site/file'), remote('closed/file'))).rejects.toMatchObject(denied);
    await expect(plain.writeFile(remote('closed/file'), 'x')).rejects.toMatchObject(denied);
    await expect(plain.mkdir(remote('closed/made'))).rejects.toMatchObject(denied);
    await expect(plain.remove(remote('closed/shut'))).rejects.toMatchObject(denied);
    await expect(plain.download(remote('closed/shut'), local('got'))).rejects.toMatchObject(denied);
    await expect(
      sudoer.upload(local('site/file'), remote('closed/file'), { sudo: 'never' }),
    ).rejects.toMatchObject({
      code: 'VMCTL_GUEST_PERMISSION_DENIED',
      message: expect.not.stringContaining('sudo'),
      hint: 'Choose a place that the user may write to, or let sudo be used.',
    });
    await expect(
      sudoer.download(remote('closed/shut'), local('got'), { sudo: 'never' }),
    ).rejects.toMatchObject({ hint: 'Choose a place that the user may read, or let sudo be used.' });
    await plain.remove(remote('closed/none'));
    expect(await readdir(remote('closed'))).toEqual(['shut']);
  });

  it('writes as root everywhere when sudo is asked for', async () => {
    await openUp();
    await put(local('file'), 'x');
    await sudoer.upload(local('file'), '~/as-root', { sudo: 'always' });
    expect(await ownerOf(join(withSudo.home('admin'), 'as-root'))).toBe(0);
  });

  it('leaves nothing behind and nothing running when an upload through sudo is aborted', async () => {
    await openUp();
    await put(local('file'), randomBytes(30_000_000));
    const abort = new AbortController();
    const running = sudoer.upload(local('file'), remote('closed/file'), {
      signal: abort.signal,
      onProgress: (bytes) => bytes > 1_000_000 && abort.abort(new Error('stop')),
    });
    await expect(running).rejects.toThrow('stop');
    expect(await readdir(remote('closed'))).toEqual([]);
  });
});
