import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { FakeGuestSession } from '../../../src/testing/fake-guest-session.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

describe('a fake guest', () => {
  const directory = useTemporaryDirectory();

  it('runs scripted commands, the last script that fits, and lets the others succeed', async () => {
    const guest = new FakeGuestSession()
      .on('apt-get', { stdout: 'fine\n' })
      .on(/install ngnix$/, { exitCode: 100, stderr: 'E: no\n' });
    expect(await guest.exec(['apt-get', 'install', 'ngnix'])).toEqual({
      exitCode: 100,
      signal: null,
      stdout: '',
      stderr: 'E: no\n',
    });
    expect(await guest.exec('apt-get update')).toMatchObject({ exitCode: 0, stdout: 'fine\n' });
    expect(await guest.exec('true')).toMatchObject({ exitCode: 0, stdout: '' });
    expect(guest.commands).toEqual(['apt-get install ngnix', 'apt-get update', 'true']);
  });

  it('records environment and input, and streams output no faster than it is taken', async () => {
    const guest = new FakeGuestSession().on('cat', async ({ stdin }, { stdout }) => {
      await stdout('first');
      await stdout(stdin);
    });
    const taken: string[] = [];
    const result = await guest.exec('cat', {
      env: { A: '1' },
      stdin: Readable.from([Buffer.from('se'), Buffer.from('cond')]),
      onStdout: async (chunk) => {
        await new Promise((resolve) => setImmediate(resolve));
        taken.push(Buffer.from(chunk).toString());
      },
    });
    expect(taken).toEqual(['first', 'second']);
    expect(result.stdout).toBe('firstsecond');
    expect(guest.calls).toMatchObject([{ method: 'exec', env: { A: '1' }, state: 'done' }]);
  });

  it('says that a signal ended a command', async () => {
    const guest = new FakeGuestSession().on('sleep', { signal: 'KILL' });
    expect(await guest.exec('sleep 1')).toMatchObject({ exitCode: null, signal: 'KILL' });
  });

  it('ends a command on abort, after its time, and when the connection breaks', async () => {
    const guest = new FakeGuestSession().hang('sleep');
    const controller = new AbortController();
    const reason = new Error('enough');
    const aborted = guest.exec('sleep 1', { signal: controller.signal });
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(guest.exec('sleep 2', { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'VMCTL_GUEST_COMMAND_TIMEOUT',
    });
    const lost = guest.exec('sleep 3');
    guest.disconnect();
    await expect(lost).rejects.toMatchObject({ code: 'VMCTL_GUEST_DISCONNECTED' });
    await expect(guest.mkdir('/srv')).rejects.toMatchObject({ code: 'VMCTL_GUEST_DISCONNECTED' });
    expect(guest.calls.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed', 'failed']);
  });

  it('has files', async () => {
    const guest = new FakeGuestSession({ user: 'ubuntu' });
    await guest.writeFile('~/notes/today', 'hello', { mode: 0o640 });
    await guest.mkdir('/srv/www');
    expect(guest.files.text('/home/ubuntu/notes/today')).toBe('hello');
    expect(guest.files.get('notes/today')).toMatchObject({ mode: 0o640 });
    expect(guest.files.list('/srv')).toEqual(['/srv/www']);
    await guest.remove('notes/today');
    await guest.remove('notes/today');
    expect(guest.files.get('notes/today')).toBeUndefined();
  });

  it('copies directories with modes and links, there and back', async () => {
    const site = join(directory.path, 'site');
    await mkdir(join(site, 'css'), { recursive: true });
    await writeFile(join(site, 'run.sh'), 'echo');
    await chmod(join(site, 'run.sh'), 0o750);
    await writeFile(join(site, 'css', 'a.css'), 'b{}');
    await symlink('css/a.css', join(site, 'link'));
    const guest = new FakeGuestSession();
    let bytes = 0;
    await guest.upload(site, '/srv/www', { onProgress: (done) => (bytes = done) });
    expect(bytes).toBe(7);
    expect(guest.files.list('/srv/www')).toEqual([
      '/srv/www/css',
      '/srv/www/css/a.css',
      '/srv/www/link',
      '/srv/www/run.sh',
    ]);
    expect(guest.files.get('/srv/www/link')).toEqual({ kind: 'link', target: 'css/a.css' });
    const copy = join(directory.path, 'copy');
    await guest.download('/srv/www', copy);
    expect(await readFile(join(copy, 'link'), 'utf8')).toBe('b{}');
    expect((await stat(join(copy, 'run.sh'))).mode & 0o777).toBe(0o750);
  });

  it('puts a file into a directory, or in its place', async () => {
    const local = join(directory.path, 'motd');
    await writeFile(local, 'hello');
    const guest = new FakeGuestSession();
    await guest.upload(local, '/etc/');
    await guest.upload(local, '/tmp');
    await guest.upload(local, '/etc/issue');
    expect(guest.files.list('/etc')).toEqual(['/etc/issue', '/etc/motd']);
    expect(guest.files.text('/tmp/motd')).toBe('hello');
    await guest.download('/etc/motd', join(directory.path, 'new/'));
    expect(await readFile(join(directory.path, 'new', 'motd'), 'utf8')).toBe('hello');
  });
});
