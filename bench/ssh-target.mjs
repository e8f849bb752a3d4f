/** SSH servers that files are copied to. */
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { owned } from './owned.mjs';

/**
 * @typedef {object} SshTarget
 * @property {string} host
 * @property {number} port
 * @property {string} user
 * @property {string} keyPath private key that may log in
 * @property {string} knownHosts file with the server's host key under the name `alias`
 * @property {string} alias
 */

/**
 * Options for ssh and scp (which writes the port with a capital letter).
 *
 * @param {SshTarget} target
 * @returns {string[]}
 */
export function sshOptions({ user, keyPath, knownHosts, alias, port }) {
  const settings = {
    User: user,
    Port: port,
    IdentityFile: keyPath,
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: '/dev/null',
    HostKeyAlias: alias,
    StrictHostKeyChecking: 'yes',
    BatchMode: 'yes',
    LogLevel: 'ERROR',
  };
  return ['-F', 'none', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

/**
 * Starts an sshd of our own on 127.0.0.1, for the user that runs this.
 *
 * @returns {Promise<SshTarget & AsyncDisposable>}
 */
export async function startSshd() {
  const directory = await mkdtemp(join(tmpdir(), 'vmctl-bench-sshd-'));
  await chmod(directory, 0o755);
  for (const name of ['host_key', 'identity']) {
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, name)]);
  }
  const keyPath = join(directory, 'identity');
  await writeFile(join(directory, 'authorized_keys'), await readFile(`${keyPath}.pub`));
  const port = await freePort();
  // The name under which vmctl looks up the host key of a VM called "bench".
  const alias = 'vmctl-bench';
  const knownHosts = join(directory, 'known_hosts');
  await writeFile(knownHosts, `${alias} ${await readFile(join(directory, 'host_key.pub'), 'utf8')}`);
  const config = join(directory, 'sshd_config');
  await writeFile(
    config,
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${join(directory, 'host_key')}`,
      `AuthorizedKeysFile ${join(directory, 'authorized_keys')}`,
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'Subsystem sftp internal-sftp',
      '',
    ].join('\n'),
  );
  // sshd refuses to start without its directory for the separation of privileges.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const server = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], { stdio: 'ignore' });
  const { username: user } = userInfo();
  const target = owned({ host: '127.0.0.1', port, user, keyPath, knownHosts, alias }, async () => {
    server.kill();
    await rm(directory, { recursive: true, force: true });
  });
  try {
    await Promise.race([listening(port), failed(server)]);
  } catch (error) {
    await target[Symbol.asyncDispose]();
    throw error;
  }
  return target;
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** @param {number} port */
async function listening(port) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, '127.0.0.1');
    const answers = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (answers) return;
    await sleep(50);
  }
  throw new Error('sshd does not listen');
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<never>}
 */
function failed(child) {
  return new Promise((_, reject) => {
    child.once('error', (cause) => reject(new Error('sshd is needed: install openssh-server', { cause })));
    child.once('exit', (code) => reject(new Error(`sshd ended with ${code}`)));
  });
}
