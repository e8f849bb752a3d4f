import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../packages/core/test/support/until.js';
import { NoopProject } from '../support/noop-project.js';

/** Against hanging only. */
const LIMIT = 120_000;

let project: NoopProject;
let here: string;
let guestHome: string;

beforeAll(async () => {
  project = await NoopProject.create();
  guestHome = project.sshd.home(project.sshd.user);
  here = project.home.project;
  await project.home.write(project.vm('web') + project.vm('db'));
  expect(await project.vmctl('up')).toMatchObject({ code: 0 });
  await project.home.write('<h1>hello</h1>', 'site/index.html');
  await project.home.write('#!/bin/sh\n', 'site/bin/run me.sh');
  await symlink('index.html', join(here, 'site/start.html'));
}, LIMIT);

afterAll(async () => {
  await project?.remove();
}, LIMIT);

const MIB = 1024 * 1024;
/** Takes much longer than it takes to see the first of it. */
const SIZE = 384 * MIB;

/** How much of the disk is in the guest. */
async function arrived(): Promise<number> {
  const [name] = await readdir(join(guestHome, 'disks'));
  return name === undefined ? 0 : (await stat(join(guestHome, 'disks', name))).size;
}

const read = (path: string): Promise<string> => readFile(path, 'utf8');

describe('vmctl cp', () => {
  it('copies a directory to a VM as cp -r does: into one that is there, else as it', async () => {
    await mkdir(join(guestHome, 'srv'));
    expect(await project.vmctl('cp', 'site', `web:${guestHome}/srv`)).toMatchObject({ code: 0, stdout: '' });
    expect(await read(join(guestHome, 'srv/site/index.html'))).toBe('<h1>hello</h1>');
    expect(await read(join(guestHome, 'srv/site/bin/run me.sh'))).toBe('#!/bin/sh\n');
    expect(await readlink(join(guestHome, 'srv/site/start.html'))).toBe('index.html');

    await project.vmctl('cp', 'site', 'web:~/srv/new');
    expect((await readdir(join(guestHome, 'srv/new'))).sort()).toEqual(['bin', 'index.html', 'start.html']);
    await project.vmctl('cp', 'site/.', 'web:~/srv/');
    expect(await read(join(guestHome, 'srv/index.html'))).toBe('<h1>hello</h1>');
  });

  it('copies a directory from a VM', async () => {
    await mkdir(join(guestHome, 'logs/old'), { recursive: true });
    await writeFile(join(guestHome, 'logs/old/a.log'), 'a line\n');
    expect(await project.vmctl('cp', 'web:~/logs', '.')).toMatchObject({ code: 0 });
    expect(await read(join(here, 'logs/old/a.log'))).toBe('a line\n');
    await project.vmctl('cp', 'web:~/logs', 'other');
    expect(await read(join(here, 'other/old/a.log'))).toBe('a line\n');
  });

  it('copies big files both ways, byte for byte, with their modes', async () => {
    const content = randomBytes(9 * 1024 * 1024);
    await writeFile(join(here, 'big'), content, { mode: 0o640 });
    expect(await project.vmctl('cp', 'big', 'web:~/big')).toMatchObject({ code: 0 });
    expect(content.equals(await readFile(join(guestHome, 'big')))).toBe(true);
    expect((await stat(join(guestHome, 'big'))).mode & 0o777).toBe(0o640);
    const { stdout } = await project.vmctl('cp', 'web:~/big', 'back', '--json');
    expect(content.equals(await readFile(join(here, 'back')))).toBe(true);
    expect(JSON.parse(stdout)).toEqual({
      vm: 'web',
      direction: 'download',
      copied: [{ source: 'web:~/big', target: 'back', bytes: content.length, resumedBytes: 0 }],
    });
  });

  it(
    'goes on with a big file after Ctrl-C',
    async () => {
      const file = await open(join(here, 'disk.img.big'), 'w');
      await file.truncate(SIZE);
      await file.close();
      await mkdir(join(guestHome, 'disks'));
      const first = project.start(['cp', 'disk.img.big', 'web:~/disks/disk.img']);
      await until('the first MiBs', async () => (await arrived()) > 8 * MIB);
      first.kill('SIGINT');
      const interrupted = await first.done;
      expect(interrupted.code).toBe(130);
      expect(interrupted.stderr).toContain('the same command goes on');

      const there = await arrived();
      const { stdout } = await project.vmctl('cp', 'disk.img.big', 'web:~/disks/disk.img', '--json');
      const { copied } = JSON.parse(stdout) as { copied: { resumedBytes: number }[] };
      expect(copied[0]?.resumedBytes).toBeGreaterThan(there - MIB);
      expect(await readdir(join(guestHome, 'disks'))).toEqual(['disk.img']);
      expect((await stat(join(guestHome, 'disks/disk.img'))).size).toBe(SIZE);
    },
    LIMIT,
  );

  it('copies several sources into one directory, and says what went where', async () => {
    await project.home.write('1', 'one');
    await project.home.write('2', 'two');
    const { code, stderr } = await project.vmctl('cp', 'one', 'two', 'web:~/both');
    expect(code).toBe(0);
    expect(stderr).toContain('one -> web:~/both/one  1 B');
    expect((await readdir(join(guestHome, 'both'))).sort()).toEqual(['one', 'two']);
  });

  it('refuses to copy between guests, and says what to do', async () => {
    const { code, stderr } = await project.vmctl('cp', 'web:/etc/motd', 'db:/tmp/');
    expect(code).toBe(2);
    expect(stderr).toContain('Copy them to this host first');
  });

  it('names what is not there, on either side', async () => {
    const upload = await project.vmctl('cp', 'missing', 'web:');
    expect(upload.code).not.toBe(0);
    expect(upload.stderr).toContain(join(here, 'missing'));
    const download = await project.vmctl('cp', 'web:/missing', '.');
    expect(download).toMatchObject({ code: 1 });
    expect(download.stderr).toContain('/missing in web: ');
    expect(await readdir(here)).not.toContain('missing');
  });

  it('does not put a file in the place of a device', async () => {
    const { code, stderr } = await project.vmctl('cp', 'web:~/big', '/dev/null');
    expect(code).toBe(2);
    expect(stderr).toContain('vmctl exec VM -- cat PATH');
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });
});
