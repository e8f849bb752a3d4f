import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openHostKeys, pinHostKey, readPinnedHostKeys } from '../../../src/guest/known-hosts.js';
import { sshArguments, type SshCommandOptions } from '../../../src/guest/ssh-command.js';
import { connectGuest } from '../../../src/guest/ssh-session.js';
import { generateKeyPair } from '../../../src/guest/ssh-keys.js';
import { loginTo } from '../../support/guest.js';
import { run } from '../../support/programs.js';
import { startSshd, type Sshd } from '../../support/sshd.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
let sshd: Sshd;

beforeAll(async () => {
  sshd = await startSshd();
});

afterAll(() => sshd.stop());

const options = (): SshCommandOptions => ({
  vm: 'Web',
  address: sshd.address,
  user: sshd.user,
  keyPaths: [sshd.identityPath],
  knownHostsPath: join(directory.path, 'known hosts'),
});

/** Runs the system's ssh, which must not ask for anything. */
const ssh = (args: readonly string[]) => run('ssh', ['-o', 'BatchMode=yes', ...args]);

describe('the system’s ssh', () => {
  it('logs in with the pinned key and the VM’s own key, and runs a command', async () => {
    await pinHostKey(options().knownHostsPath, 'Web', sshd.hostKey.publicKey);
    const { stdout } = await ssh(sshArguments({ ...options(), command: ['echo', '-la', '-v'] }));
    expect(stdout).toBe('-la -v\n');
  });

  it('passes the exit status of the command back', async () => {
    await pinHostKey(options().knownHostsPath, 'Web', sshd.hostKey.publicKey);
    await expect(ssh(sshArguments({ ...options(), command: ['exit', '7'] }))).rejects.toMatchObject({
      code: 7,
    });
  });

  it('refuses another host key than the pinned one', async () => {
    const { publicKey } = await generateKeyPair('x');
    await pinHostKey(options().knownHostsPath, 'Web', publicKey);
    await expect(ssh(sshArguments({ ...options(), command: ['true'] }))).rejects.toMatchObject({
      code: 255,
      stderr: expect.stringContaining('Host key verification failed'),
    });
  });

  it('refuses an unknown host key', async () => {
    await expect(ssh(sshArguments({ ...options(), command: ['true'] }))).rejects.toMatchObject({ code: 255 });
  });

  it('keeps the first host key of a guest that had none, and vmctl knows it then', async () => {
    await ssh(sshArguments({ ...options(), pinned: false, command: ['true'] }));
    const [pinned] = await readPinnedHostKeys(options().knownHostsPath, 'Web');
    expect(sshd.hostKey.publicKey).toContain(pinned?.blob.toString('base64'));
  });

  it('knows the host key that vmctl kept', async () => {
    const hostKeys = await openHostKeys(options().knownHostsPath, 'Web');
    await (await connectGuest({ ...(await loginTo(sshd)), hostKeys })).end();
    const before = await readFile(options().knownHostsPath, 'utf8');
    await ssh(sshArguments({ ...options(), command: ['true'] }));
    expect(await readFile(options().knownHostsPath, 'utf8')).toBe(before);
  });
});
