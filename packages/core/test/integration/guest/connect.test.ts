import { Readable } from 'node:stream';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openHostKeys, pinHostKey, readPinnedHostKeys } from '../../../src/guest/known-hosts.js';
import { loginKeyPaths, loginKeys } from '../../../src/guest/login-keys.js';
import type { ConnectOptions } from '../../../src/guest/ssh-login.js';
import { connectGuest } from '../../../src/guest/ssh-session.js';
import { generateKeyPair } from '../../../src/guest/ssh-keys.js';
import { login, loginTo } from '../../support/guest.js';
import { run } from '../../support/programs.js';
import { startSshd, type Sshd } from '../../support/sshd.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

/** No test listens on one of root's ports. */
const NOBODY = { kind: 'tcp', host: '127.0.0.1', port: 1, source: 'test' } as const;

const directory = useTemporaryDirectory();
let sshd: Sshd;
let options: ConnectOptions;

beforeAll(async () => {
  sshd = await startSshd();
  options = await loginTo(sshd);
});

afterAll(() => sshd.stop());

describe('connectGuest', () => {
  it('logs in with a key that the guest knows', async () => {
    const session = await connectGuest(options);
    expect(session).toMatchObject({ user: sshd.user, address: sshd.address });
    await session.end();
    await session.end();
  });

  it('says which user and which keys were refused', async () => {
    const [one, two] = await Promise.all([generateKeyPair('x'), generateKeyPair('y')]);
    const keys = [
      { kind: 'file', path: '/k/one', privateKey: one.privateKey } as const,
      { kind: 'file', path: '/k/two', privateKey: two.privateKey } as const,
    ];
    await expect(connectGuest({ ...options, keys })).rejects.toMatchObject({
      code: 'VMCTL_GUEST_AUTH_FAILED',
      message: expect.stringMatching(new RegExp(`"${sshd.user}" with:\n {2}/k/one\n {2}/k/two`)),
      details: { keys: ['/k/one', '/k/two'] },
    });
  });

  it('goes on to the next key when one is refused', async () => {
    const wrong = await generateKeyPair('x');
    const keys = [{ kind: 'file', path: '/k/wrong', privateKey: wrong.privateKey } as const, ...options.keys];
    await (await connectGuest({ ...options, keys })).end();
  });

  it('refuses a user that the guest does not have', async () => {
    await expect(connectGuest({ ...options, user: 'nobody-at-all' })).rejects.toMatchObject({
      code: 'VMCTL_GUEST_AUTH_FAILED',
      message: expect.stringContaining('"nobody-at-all"'),
    });
  });

  it('refuses a server with another host key than the pinned one, before it offers any key', async () => {
    const other = await generateKeyPair('root@web');
    const path = join(directory.path, 'known_hosts');
    await pinHostKey(path, 'web', other.publicKey);
    const before = sshd.log().length;
    await expect(
      connectGuest({ ...options, hostKeys: await openHostKeys(path, 'web') }),
    ).rejects.toMatchObject({
      code: 'VMCTL_GUEST_HOST_KEY_CHANGED',
    });
    expect(sshd.log().slice(before)).not.toMatch(/publickey/);
  });

  it('asks a server with several host keys for the pinned one', async () => {
    const rsa = join(directory.path, 'rsa');
    await run('ssh-keygen', ['-q', '-t', 'rsa', '-N', '', '-f', rsa]);
    const several = await startSshd({ config: [`HostKey ${rsa}`] });
    try {
      for (const publicKey of [several.hostKey.publicKey, await readFile(`${rsa}.pub`, 'utf8')]) {
        const path = join(directory.path, 'known_hosts');
        await pinHostKey(path, 'web', publicKey);
        const session = await connectGuest({
          ...(await loginTo(several)),
          hostKeys: await openHostKeys(path, 'web'),
        });
        await session.end();
      }
    } finally {
      await several.stop();
    }
  });

  it('pins the host key of a guest that had none, after the first login', async () => {
    const path = join(directory.path, 'known_hosts');
    const wrong = await generateKeyPair('x');
    const hostKeys = await openHostKeys(path, 'web');
    const keys = [{ kind: 'file', path: '/k', privateKey: wrong.privateKey } as const];
    await expect(connectGuest({ ...options, hostKeys, keys })).rejects.toMatchObject({
      code: 'VMCTL_GUEST_AUTH_FAILED',
    });
    expect(await readPinnedHostKeys(path, 'web')).toEqual([]);
    await (await connectGuest({ ...options, hostKeys })).end();
    const [pinned] = await readPinnedHostKeys(path, 'web');
    expect(`${pinned?.type} ${pinned?.blob.toString('base64')}`).toBe(
      sshd.hostKey.publicKey.split(' ').slice(0, 2).join(' '),
    );
  });

  it('says that nothing listens', async () => {
    await expect(connectGuest({ ...options, address: NOBODY })).rejects.toMatchObject({
      code: 'VMCTL_GUEST_UNREACHABLE',
      message: expect.stringContaining('refused'),
    });
  });

  it('names the VM in what there is to do, and in what cannot be done in it', async () => {
    await expect(connectGuest({ ...options, vm: 'web', address: NOBODY })).rejects.toMatchObject({
      hint: expect.stringMatching(/vmctl status web, vmctl log web --console$/),
    });
    const session = await connectGuest({ ...options, vm: 'web' });
    await expect(session.download('/no/such/file', '/no/such/directory/file')).rejects.toMatchObject({
      message: expect.stringMatching(/\/no\/such\/file in web: /),
    });
    await session.end();
  });

  it('ends on an abort', async () => {
    const silentServer = await listen(() => {});
    const abort = new AbortController();
    const connecting = connectGuest({ ...options, address: silentServer.address, signal: abort.signal });
    await sleep(50);
    const reason = new Error('Ctrl-C');
    abort.abort(reason);
    await expect(connecting).rejects.toBe(reason);
  });

  it.each([
    ['says nothing', () => {}, 'in time'],
    ['hangs up', (socket: Socket) => socket.destroy(), ''],
    ['talks HTTP', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), ''],
    ['stops after its greeting', (socket: Socket) => socket.write('SSH-2.0-Test\r\n'), 'in time'],
  ])('gives up on a server that %s', async (_what, behave, why) => {
    const server = await listen(behave);
    await expect(connectGuest({ ...options, address: server.address, timeoutMs: 500 })).rejects.toMatchObject(
      {
        code: 'VMCTL_GUEST_UNREACHABLE',
        message: expect.stringContaining(why),
      },
    );
  });
});

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(behave: (socket: Socket) => void): Promise<{ address: ConnectOptions['address'] }> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    behave(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return { address: { kind: 'tcp', host: '127.0.0.1', port: address.port, source: 'test' } };
}

describe('a connection that is lost', () => {
  it('fails every command that runs, and every later one, at once', async () => {
    const doomed = await startSshd();
    const session = await login(doomed);
    const running = [session.exec('sleep 1000'), session.exec(['cat'], { stdin: Readable.from(endless()) })];
    const outcomes = Promise.allSettled(running);
    await sleep(300);
    await doomed.kill();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'VMCTL_GUEST_DISCONNECTED' } });
    }
    await expect(session.exec('true')).rejects.toMatchObject({ code: 'VMCTL_GUEST_DISCONNECTED' });
    await session.end();
    await doomed.stop();
  });

  it('is noticed while commands wait for their turn', async () => {
    const doomed = await startSshd();
    const session = await login(doomed);
    const outcomes = Promise.allSettled(Array.from({ length: 20 }, () => session.exec('sleep 1000')));
    await sleep(300);
    await doomed.kill();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'VMCTL_GUEST_DISCONNECTED' } });
    }
    await doomed.stop();
  });

  it('by our own `end` fails what still runs', async () => {
    const session = await connectGuest(options);
    const running = session.exec('sleep 1000');
    const outcome = expect(running).rejects.toMatchObject({ code: 'VMCTL_GUEST_DISCONNECTED' });
    await sleep(200);
    await session.end();
    await outcome;
  });
});

describe('the end of a session', () => {
  it('does not wait for a guest that answers no more', async () => {
    const frozen = await startSshd();
    try {
      const session = await login(frozen);
      const { stdout } = await session.exec('echo $PPID');
      process.kill(Number(stdout), 'SIGSTOP');
      await session.end();
      await expect(session.exec('true')).rejects.toMatchObject({ code: 'VMCTL_GUEST_DISCONNECTED' });
    } finally {
      await frozen.stop();
    }
  });
});

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) {
    yield Buffer.alloc(1000);
    await sleep(10);
  }
}

describe('loginKeys', () => {
  const path = (name: string) => join(directory.path, name);
  const keygen = (file: string, ...args: string[]) =>
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-C', 'test', '-f', file, ...args]);

  it('has the order: --key, VMFile, generated, the user’s own', async () => {
    execFileSync('mkdir', [path('.ssh')]);
    for (const name of ['flag', 'declared', 'generated', '.ssh/id_ed25519', '.ssh/id_rsa'])
      keygen(path(name), '-N', '');
    const sources = {
      flagKey: path('flag'),
      declaredKey: path('declared'),
      generatedKey: path('generated'),
      homeDir: directory.path,
    };
    const paths = ['flag', 'declared', 'generated', '.ssh/id_ed25519', '.ssh/id_rsa'].map(path);
    expect((await loginKeys(sources)).map((key) => key.path)).toEqual(paths);
    expect(await loginKeyPaths(sources)).toEqual(paths);
  });

  it('does without keys that nobody named and that are not there', async () => {
    keygen(path('generated'), '-N', '');
    const keys = await loginKeys({ generatedKey: path('generated'), homeDir: path('nowhere') });
    expect(keys.map((key) => key.path)).toEqual([path('generated')]);
  });

  it('says what was looked for when there is no key at all', async () => {
    await expect(loginKeys({ generatedKey: path('none'), homeDir: directory.path })).rejects.toMatchObject({
      code: 'VMCTL_SSH_KEY_MISSING',
      message: expect.stringContaining(path('.ssh')),
    });
  });

  it('refuses a key that was named and is missing, or is a public one', async () => {
    const homeDir = directory.path;
    await expect(loginKeys({ flagKey: path('none'), homeDir })).rejects.toMatchObject({
      code: 'VMCTL_SSH_KEY_MISSING',
    });
    keygen(path('key'), '-N', '');
    for (const keys of [loginKeys, loginKeyPaths]) {
      await expect(keys({ declaredKey: path('key.pub'), homeDir })).rejects.toMatchObject({
        code: 'VMCTL_SSH_KEY_INVALID',
        hint: expect.stringContaining(path('key')),
      });
    }
  });

  it.each([
    ['OpenSSH’s format', []],
    ['PEM', ['-m', 'PEM', '-t', 'rsa']],
  ])('says how to use a key with a passphrase in %s', async (_format, format) => {
    keygen(path('key'), '-N', 'secret', ...format);
    await expect(loginKeys({ flagKey: path('key'), homeDir: directory.path })).rejects.toMatchObject({
      code: 'VMCTL_SSH_KEY_ENCRYPTED',
      hint: expect.stringContaining(`ssh-add ${path('key')}`),
    });
    // ssh itself can ask for it.
    expect(await loginKeyPaths({ flagKey: path('key'), homeDir: directory.path })).toEqual([path('key')]);
  });

  it('leaves out keys with a passphrase that nobody named', async () => {
    execFileSync('mkdir', [path('.ssh')]);
    keygen(path('.ssh/id_ed25519'), '-N', 'secret');
    keygen(path('generated'), '-N', '');
    const keys = await loginKeys({ generatedKey: path('generated'), homeDir: directory.path });
    expect(keys.map((key) => key.path)).toEqual([path('generated')]);
  });

  describe('with an agent', () => {
    let agent: ChildProcess;
    let socket: string;

    const add = (...args: string[]) =>
      run('ssh-add', args, { env: { ...process.env, SSH_AUTH_SOCK: socket } });

    const startAgent = async () => {
      socket = path('agent.sock');
      agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
      for (let tries = 0; tries < 250; tries++) {
        const answers = await add('-D').then(
          () => true,
          () => false,
        );
        if (answers) return;
        await sleep(20);
      }
      throw new Error('ssh-agent did not start');
    };

    afterEach(() => void agent.kill());

    it('uses the agent for a key with a passphrase, and logs in with it', async () => {
      await startAgent();
      keygen(path('key'), '-N', '');
      await add(path('key'));
      execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret', '-f', path('key')]);
      const keys = await loginKeys({ flagKey: path('key'), homeDir: directory.path, agentSocket: socket });
      expect(keys).toMatchObject([
        { kind: 'agent', path: path('key') },
        { kind: 'agent', path: undefined },
      ]);
      const knowing = await startSshd({ authorizedKeys: [await readFile(path('key.pub'), 'utf8')] });
      try {
        const session = await connectGuest({ ...(await loginTo(knowing)), keys });
        expect((await session.exec('echo in')).stdout).toBe('in\n');
        await session.end();
      } finally {
        await knowing.stop();
      }
    });

    it('takes no notice of an agent that is gone', async () => {
      await startAgent();
      agent.kill('SIGKILL');
      await rm(socket, { force: true });
      keygen(path('key'), '-N', 'secret');
      await expect(
        loginKeys({ flagKey: path('key'), homeDir: directory.path, agentSocket: socket }),
      ).rejects.toMatchObject({ code: 'VMCTL_SSH_KEY_ENCRYPTED' });
      await writeFile(path('plain'), (await generateKeyPair('x')).privateKey);
      const keys = await loginKeys({ flagKey: path('plain'), homeDir: directory.path, agentSocket: socket });
      await expect(connectGuest({ ...options, keys })).rejects.toMatchObject({
        code: 'VMCTL_GUEST_AUTH_FAILED',
      });
    });
  });
});
