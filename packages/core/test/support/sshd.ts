import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chown, chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair, type KeyPair } from '../../src/guest/ssh-keys.js';
import { endsWithParent } from './ends-with-parent.js';

/** A user that only this server knows. */
export interface TestUser {
  readonly name: string;
  /** Default `/bin/sh`. */
  readonly shell?: string;
}

export interface SshdOptions {
  /** Public keys that may log in; default: that of `identity`. */
  readonly authorizedKeys?: readonly string[];
  readonly hostKey?: KeyPair;
  readonly port?: number;
  /** Lines of sshd_config(5). */
  readonly config?: readonly string[];
  /** Environment of every session. */
  readonly environment?: Readonly<Record<string, string>>;
  /** More users, see {@link canMakeUsers}. */
  readonly users?: readonly TestUser[];
  /** What `sudo -n` does for them: a stand-in for sudo is in every session's PATH. Takes `users`. */
  readonly sudo?: 'passwordless' | 'asks-for-password';
}

/** A running sshd on 127.0.0.1. */
export interface Sshd {
  readonly port: number;
  readonly address: {
    readonly kind: 'tcp';
    readonly host: string;
    readonly port: number;
    readonly source: string;
  };
  /** The user that runs the tests; it may log in. */
  readonly user: string;
  /** A key that may log in, and its file. */
  readonly identity: KeyPair;
  readonly identityPath: string;
  readonly hostKey: KeyPair;
  /** The server's own directory; removed by `stop`. */
  readonly directory: string;
  /** What is `~` for a user. */
  home(user: string): string;
  /** What the server said so far. */
  log(): string;
  /** Ends the server and every session with SIGKILL, as if the machine had lost its power. */
  kill(): Promise<void>;
  /** `kill`, and removes the files. Idempotent. */
  stop(): Promise<void>;
}

const SSHD = '/usr/sbin/sshd';

/** Whether servers with users of their own can be started: that takes root and a mount namespace. */
export const canMakeUsers: boolean =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', 'mount', '--bind', '/etc/passwd', '/etc/passwd']).status === 0;

/**
 * Starts a real sshd. Its keys, configuration and users are in a directory of its own; nothing of the machine's own
 * sshd is read or changed.
 */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const directory = await mkdtemp(join(tmpdir(), 'vmctl-sshd-'));
  await chmod(directory, 0o755);
  const identity = await generateKeyPair('test');
  const hostKey = options.hostKey ?? (await generateKeyPair('root@test'));
  const identityPath = join(directory, 'identity');
  await writeFile(identityPath, identity.privateKey, { mode: 0o600 });
  await writeFile(join(directory, 'host_key'), hostKey.privateKey, { mode: 0o600 });
  const authorizedKeys = options.authorizedKeys ?? [identity.publicKey];
  await writeFile(join(directory, 'authorized_keys'), `${authorizedKeys.join('\n')}\n`, { mode: 0o644 });
  // sshd refuses to start without its directory for the separation of privileges.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });

  const users = options.users ?? [];
  await mkdir(join(directory, 'home', userInfo().username), { recursive: true });
  const passwd = users.length > 0 ? await makeUsers(directory, users) : undefined;
  if (options.sudo !== undefined) await makeSudo(join(directory, 'bin'), options.sudo);
  for (let attempt = 0; ; attempt++) {
    const port = options.port ?? (await freePort());
    await writeFile(join(directory, 'sshd_config'), configuration(directory, port, options));
    const server = launch(directory, passwd);
    if (await server.listening) {
      return {
        port,
        address: { kind: 'tcp', host: '127.0.0.1', port, source: 'test' },
        user: userInfo().username,
        identity,
        identityPath,
        hostKey,
        directory,
        home: (user) => join(directory, 'home', user),
        log: server.log,
        kill: server.kill,
        async stop() {
          await server.kill();
          // What was killed may still be writing.
          await rm(directory, { recursive: true, force: true, maxRetries: 5 });
        },
      };
    }
    await server.kill();
    if (options.port === undefined && attempt < 3 && server.log().includes('Address already in use'))
      continue;
    await rm(directory, { recursive: true, force: true });
    throw new Error(`sshd did not start; is openssh-server installed?\n${server.log()}`);
  }
}

function configuration(directory: string, port: number, options: SshdOptions): string {
  const path = `${join(directory, 'bin')}:/usr/local/bin:/usr/bin:/bin`;
  const environment = {
    ...(options.sudo === undefined ? {} : { PATH: path }),
    // The shell's start-up files of whoever runs the tests are none of theirs.
    ...(options.users === undefined ? { HOME: join(directory, 'home', userInfo().username) } : {}),
    ...options.environment,
  };
  const set = Object.entries(environment).map(([name, value]) => `"${name}=${value}"`);
  return [
    // The first of several lines for the same setting counts.
    ...(options.config ?? []),
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(directory, 'host_key')}`,
    `AuthorizedKeysFile ${join(directory, 'authorized_keys')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PrintMotd no',
    'PrintLastLog no',
    'LogLevel VERBOSE',
    'Subsystem sftp internal-sftp',
    ...(set.length > 0 ? [`SetEnv ${set.join(' ')}`] : []),
    '',
  ].join('\n');
}

/** Makes homes, and a passwd file that stands in for the machine's. */
async function makeUsers(directory: string, users: readonly TestUser[]): Promise<string> {
  if (!canMakeUsers) throw new Error('a server with users of its own takes root and a mount namespace');
  const lines: string[] = [await readFile('/etc/passwd', 'utf8')];
  for (const [index, { name, shell = '/bin/sh' }] of users.entries()) {
    const id = 64_000 + index;
    const home = join(directory, 'home', name);
    await mkdir(home, { recursive: true });
    await chown(home, id, id);
    lines.push(`${name}:*:${id}:${id}::${home}:${shell}\n`);
  }
  const passwd = join(directory, 'passwd');
  await writeFile(passwd, lines.join(''), { mode: 0o644 });
  return passwd;
}

/** What is used of sudo: `sudo -n [--] command…`. A copy of setpriv with the set-uid bit does the work. */
async function makeSudo(bin: string, kind: 'passwordless' | 'asks-for-password'): Promise<void> {
  await mkdir(bin, { recursive: true });
  const root = join(bin, 'as-root');
  await copyFile('/usr/bin/setpriv', root);
  await chmod(root, 0o4755);
  const asRoot = `exec ${root} --reuid 0 --regid 0 --clear-groups -- "$@"`;
  const refuse = "echo 'sudo: a password is required' >&2; exit 1";
  const script = [
    '#!/bin/sh',
    '[ "$1" = -n ] || { echo "sudo: would ask on a terminal" >&2; exit 1; }',
    'shift',
    '[ "$1" = -- ] && shift',
    kind === 'passwordless' ? asRoot : refuse,
    '',
  ];
  await writeFile(join(bin, 'sudo'), script.join('\n'), { mode: 0o755 });
}

interface Server {
  /** Whether it came to listen; false when it ended instead. */
  readonly listening: Promise<boolean>;
  log(): string;
  kill(): Promise<void>;
}

function launch(directory: string, passwd: string | undefined): Server {
  const sshd = [SSHD, '-D', '-e', '-f', join(directory, 'sshd_config')];
  const [file = '', ...args] = endsWithParent(
    passwd === undefined
      ? sshd
      : [
          'unshare',
          '--mount',
          'sh',
          '-c',
          'mount --bind "$1" /etc/passwd && shift && exec "$@"',
          'sh',
          passwd,
          ...sshd,
        ],
  );
  const child: ChildProcess = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      log += String(error);
      resolve();
    });
  });
  const listening = new Promise<boolean>((resolve) => {
    child.stderr?.on('data', (chunk) => {
      log += String(chunk);
      if (log.includes('Server listening')) resolve(true);
    });
    void ended.then(() => resolve(false));
  });
  return {
    listening,
    log: () => log,
    async kill() {
      const { pid } = child;
      // It must not take a connection while its sessions are looked for: that one would be left.
      child.kill('SIGSTOP');
      const family = pid === undefined ? [] : await descendants(pid);
      child.kill('SIGKILL');
      for (const member of family) {
        try {
          process.kill(member, 'SIGKILL');
        } catch {
          // It ended by itself.
        }
      }
      await ended;
    },
  };
}

/** Children, their children and so on, by /proc. */
async function descendants(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const family = [root];
  for (const member of family) {
    for (const [pid, parent] of parents) if (parent === member) family.push(pid);
  }
  return family.slice(1);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}
