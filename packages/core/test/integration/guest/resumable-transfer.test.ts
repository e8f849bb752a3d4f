import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GuestSession, TransferOptions } from '../../../src/guest/contract.js';
import { login } from '../../support/guest.js';
import { type Sshd, startSshd } from '../../support/sshd.js';

const MIB = 1024 * 1024;
const content = randomBytes(24 * MIB);

let sshd: Sshd;
let guest: GuestSession;
let directory: string;
/** Where files come from and go to; which of them is on the guest's side depends on the direction. */
let source: string;
let target: string;

beforeAll(async () => {
  sshd = await startSshd();
});

afterAll(async () => {
  await sshd?.stop();
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vmctl-resume-'));
  await mkdir(join(directory, 'to'));
  source = join(directory, 'source');
  target = join(directory, 'to/target');
  await writeFile(source, content);
  await chmod(source, 0o750);
  guest = await login(sshd);
});

afterEach(async () => {
  await guest.end();
  await rm(directory, { recursive: true, force: true });
});

const transfer = {
  upload: (options: TransferOptions) => guest.upload(source, target, { resume: true, ...options }),
  download: (options: TransferOptions) => guest.download(source, target, { resume: true, ...options }),
};

describe.each(['upload', 'download'] as const)('a resumable %s', (direction) => {
  /** Aborts when that much is there. */
  async function interrupted(bytes = 8 * MIB): Promise<void> {
    const controller = new AbortController();
    const going = transfer[direction]({
      signal: controller.signal,
      onProgress: (now) => {
        if (now >= bytes) controller.abort(new Error('enough'));
      },
    });
    await expect(going).rejects.toThrow('enough');
  }

  /** Copies to the end; gives what was there before. */
  async function completed(): Promise<number> {
    let resumed = 0;
    let last = 0;
    await transfer[direction]({
      onResume: (bytes) => {
        resumed = bytes;
      },
      onProgress: (bytes) => {
        last = bytes;
      },
    });
    expect(last).toBe((await stat(source)).size);
    return resumed;
  }

  async function part(): Promise<string> {
    const [name, ...others] = await readdir(join(directory, 'to'));
    expect(name).toMatch(/^\.vmctl-part-/);
    expect(others).toEqual([]);
    return join(directory, 'to', name ?? '');
  }

  async function expectTarget(expected: Buffer = content): Promise<void> {
    expect(expected.equals(await readFile(target))).toBe(true);
    expect((await stat(target)).mode & 0o7777).toBe(0o750);
    expect(await readdir(join(directory, 'to'))).toEqual(['target']);
  }

  it('leaves nothing beside the file when all goes well', async () => {
    expect(await completed()).toBe(0);
    await expectTarget();
  });

  it('goes on where an aborted one has ended, and leaves the old file until then', async () => {
    await writeFile(target, 'old');
    await interrupted();
    expect(await readFile(target, 'utf8')).toBe('old');
    expect(await completed()).toBeGreaterThanOrEqual(4 * MIB);
    await expectTarget();
  });

  it('keeps what has arrived to its owner', async () => {
    await interrupted();
    expect((await stat(await part())).mode & 0o777).toBe(0o600);
  });

  it('goes on where a lost connection has ended it', async () => {
    const server = Number((await guest.exec('echo $PPID')).stdout);
    let isLost = false;
    const going = transfer[direction]({
      onProgress: (now) => {
        if (isLost || now < 8 * MIB) return;
        isLost = true;
        process.kill(server, 'SIGKILL');
      },
    });
    await expect(going).rejects.toMatchObject({ code: 'VMCTL_GUEST_DISCONNECTED' });
    guest = await login(sshd);
    expect(await completed()).toBeGreaterThan(0);
    await expectTarget();
  });

  it('starts over when what is there is not the beginning of the file', async () => {
    await interrupted();
    const there = await readFile(await part());
    there[100] = (there[100] ?? 0) ^ 1;
    await writeFile(await part(), there);
    expect(await completed()).toBe(0);
    await expectTarget();
  });

  it('starts over when the source has changed, and removes what is of no use any more', async () => {
    await interrupted();
    const changed = randomBytes(10 * MIB);
    await writeFile(source, changed);
    await utimes(source, 1, 1);
    expect(await completed()).toBe(0);
    await expectTarget(changed);
  });

  it('does not write to what somebody has put in the place of the part', async () => {
    await interrupted();
    const victim = join(directory, 'victim');
    const name = await part();
    await rename(name, victim);
    await symlink(victim, name);
    const before = await readFile(victim);
    expect(await completed()).toBe(0);
    await expectTarget();
    expect(before.equals(await readFile(victim))).toBe(true);
  });

  it('takes a part that has everything already', async () => {
    await interrupted();
    await writeFile(await part(), content);
    expect(await completed()).toBe(content.length);
    await expectTarget();
  });

  it('replaces what a symbolic link leads to', async () => {
    await symlink(target, join(directory, 'link'));
    await writeFile(target, 'old');
    await chmod(target, 0o750);
    const [from, to] = [source, join(directory, 'link')];
    if (direction === 'upload') await guest.upload(from, to, { resume: true });
    else await guest.download(from, to, { resume: true });
    await expectTarget();
  });

  it('goes into a directory that is there', async () => {
    const to = join(directory, 'to');
    if (direction === 'upload') await guest.upload(source, to, { resume: true });
    else await guest.download(source, to, { resume: true });
    expect(await readdir(to)).toEqual(['source']);
  });

  it('takes small files as ever', async () => {
    await writeFile(source, 'small');
    expect(await completed()).toBe(0);
    await expectTarget(Buffer.from('small'));
  });
});
