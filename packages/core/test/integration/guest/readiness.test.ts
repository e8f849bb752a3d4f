import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { VmctlEventBody } from '../../../src/events/events.js';
import type { GuestSession } from '../../../src/guest/contract.js';
import { READINESS_CHECKS, type ReadinessOptions, waitUntilReady } from '../../../src/guest/readiness.js';
import { waitForGreeting } from '../../../src/guest/ssh-greeting.js';
import { generateKeyPair } from '../../../src/guest/ssh-keys.js';
import { connectGuest } from '../../../src/guest/ssh-session.js';
import { loginTo } from '../../support/guest.js';
import { startSshd, type Sshd, type SshdOptions } from '../../support/sshd.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { until } from '../../support/until.js';

/** A time limit that is to run out after a connection, on a busy machine as well. */
const PORT_LIMIT_MS = 1_500;

const directory = useTemporaryDirectory();
const cleanUps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function start(options?: SshdOptions): Promise<Sshd> {
  const sshd = await startSshd(options);
  cleanUps.push(() => sshd.stop());
  return sshd;
}

interface Setup {
  readonly options: ReadinessOptions;
  readonly events: VmctlEventBody[];
}

async function setup(sshd: Sshd, changes: Partial<ReadinessOptions> = {}): Promise<Setup> {
  const login = await loginTo(sshd);
  const events: VmctlEventBody[] = [];
  const options: ReadinessOptions = {
    vm: 'web',
    user: login.user,
    keys: login.keys,
    hostKeys: login.hostKeys,
    log: login.log,
    // Against hanging only.
    timeoutMs: 50_000,
    signal: new AbortController().signal,
    events: { emit: (event) => void events.push(event) },
    processState: async () => ({ name: 'running' }),
    address: async () => sshd.address,
    ...changes,
  };
  return { options, events };
}

/** A time limit that is to run out after a login, however busy the machine is: many times what one takes just now. */
async function loginLimitMs(): Promise<number> {
  const sshd = await start();
  const begun = performance.now();
  const session = await connectGuest(await loginTo(sshd));
  await session.exec('true');
  const took = performance.now() - begun;
  await session.end();
  return Math.max(2_000, 15 * took);
}

async function ready(options: ReadinessOptions): Promise<{ session: GuestSession; detail: string }> {
  const guest = await waitUntilReady(options);
  cleanUps.push(() => guest.session.end());
  return guest;
}

/** A port that behaves like one that QEMU forwards: every connection succeeds, whatever the guest does. */
class ForwardedPort {
  /** `down`: nothing is ever passed on; `refusing`: the guest's kernel says no; `up`: sshd gets it. */
  guest: 'down' | 'refusing' | 'up' = 'down';
  /** Connections that were refused. */
  refused = 0;
  /** Connections that reached sshd. */
  passedOn = 0;
  /** How long sshd takes to begin with one. */
  delayMs = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: number) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      if (this.guest === 'refusing') {
        this.refused++;
        socket.destroy();
      }
      if (this.guest === 'up') {
        this.passedOn++;
        setTimeout(() => {
          const onward = connect(target, '127.0.0.1');
          onward.on('error', () => socket.destroy());
          socket.pipe(onward).pipe(socket);
        }, this.delayMs);
      }
    });
  }

  closeAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async listen(): Promise<ReadinessOptions['address']> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    cleanUps.push(async () => {
      this.closeAll();
      await new Promise((resolve) => this.#server.close(resolve));
    });
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no address');
    return async () => ({ kind: 'tcp', host: '127.0.0.1', port: address.port, source: 'test' });
  }
}

describe('waitUntilReady', () => {
  it('passes every check in order, says so, and hands over a session', async () => {
    const sshd = await start();
    const { options, events } = await setup(sshd);
    const { session, detail } = await ready(options);
    expect(detail).toBe(`ssh ${sshd.user}@127.0.0.1:${sshd.port}, cloud-init not installed`);
    expect((await session.exec('echo usable')).stdout).toBe('usable\n');
    expect(events).toEqual(
      READINESS_CHECKS.flatMap((check) => [
        { type: 'check.started', vm: 'web', check },
        { type: 'check.passed', vm: 'web', check, durationMs: expect.any(Number) },
      ]),
    );
  });

  it('waits for a server that is not there yet', async () => {
    const first = await start();
    const { options } = await setup(first);
    await first.kill();
    const waiting = ready(options);
    await sleep(500);
    await start({ port: first.port, hostKey: first.hostKey, authorizedKeys: [first.identity.publicKey] });
    expect((await waiting).detail).toContain('cloud-init');
  });

  it('waits for an address', async () => {
    const sshd = await start();
    let asked = 0;
    const { options } = await setup(sshd, {
      address: async () => {
        asked++;
        if (asked === 1) return { kind: 'none', reason: 'no lease yet' };
        if (asked === 2) throw new Error('the lease file is being written');
        return sshd.address;
      },
    });
    await ready(options);
    expect(asked).toBeGreaterThanOrEqual(3);
  });

  it('gets through when the guest’s network comes up: what was begun before is lost', async () => {
    const sshd = await start();
    const port = new ForwardedPort(sshd.port);
    const { options } = await setup(sshd, { address: await port.listen() });
    const waiting = ready(options);
    await sleep(1_500);
    port.guest = 'up';
    await waiting;
  });

  it('does not flood a booting guest that has begun to answer', async () => {
    const sshd = await start();
    const port = new ForwardedPort(sshd.port);
    const { options } = await setup(sshd, { address: await port.listen() });
    const waiting = ready(options);
    await sleep(700);
    port.guest = 'refusing';
    await until('some refusals', () => port.refused >= 3);
    // What was begun while nothing was passed on is refused late.
    port.closeAll();
    await until('more refusals', () => port.refused >= 6);
    port.guest = 'up';
    port.delayMs = 500;
    await waiting;
    expect(port.passedOn).toBe(1);
  });

  it('says which check did not pass, why, and what the console says, when the time is up', async () => {
    const sshd = await start();
    const port = new ForwardedPort(sshd.port);
    const { options } = await setup(sshd, {
      address: await port.listen(),
      timeoutMs: PORT_LIMIT_MS,
      consoleTail: async () => 'Kernel panic - not syncing\nEnd of trace\n',
    });
    await expect(waitUntilReady(options)).rejects.toMatchObject({
      code: 'VMCTL_GUEST_NOT_READY',
      message: [
        'web was not ready after 1.5 s. The check "SSH port answers" did not pass: connections are accepted, but no SSH server answers',
        'The last lines of its console:',
        '  Kernel panic - not syncing',
        '  End of trace',
      ].join('\n'),
      hint: expect.stringMatching(
        /vmctl log web --console.*vmctl wait web --timeout 300.*SSH server is installed/,
      ),
      details: { vm: 'web', check: 'SSH port answers' },
    });
  });

  it.each([
    ['a refusing guest', (port: ForwardedPort) => (port.guest = 'refusing'), 'refuses'],
    ['a server that is none', (port: ForwardedPort) => (port.guest = 'up'), 'the server says "HTTP/1.1 400'],
  ])('gives the reason of %s', async (_what, change, reason) => {
    const http = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => new Promise((resolve) => http.close(resolve)));
    const target = http.address();
    const port = new ForwardedPort(typeof target === 'object' && target !== null ? target.port : 0);
    change(port);
    const reasons: string[] = [];
    const abort = new AbortController();
    const waiting = waitForGreeting({
      address: await port.listen(),
      signal: abort.signal,
      onReason: (why) => void reasons.push(why),
    });
    const outcome = expect(waiting).rejects.toThrow('enough');
    await until(reason, () => reasons.some((why) => why.includes(reason)));
    abort.abort(new Error('enough'));
    await outcome;
  });

  it('keeps trying a key that is refused, until it is installed', async () => {
    const sshd = await start({ authorizedKeys: [] });
    const { options, events } = await setup(sshd);
    const waiting = ready(options);
    await until('a refused login', () => /authenticating user/.test(sshd.log()));
    expect(events.at(-1)).toEqual({ type: 'check.started', vm: 'web', check: 'login works' });
    await writeFile(join(sshd.directory, 'authorized_keys'), `${sshd.identity.publicKey}\n`);
    await waiting;
  });

  it('says at the end that key or user were wrong', async () => {
    const sshd = await start({ authorizedKeys: [] });
    const { options } = await setup(sshd, { timeoutMs: await loginLimitMs() });
    await expect(waitUntilReady(options)).rejects.toMatchObject({
      code: 'VMCTL_GUEST_NOT_READY',
      message: expect.stringMatching(
        /"login works" did not pass: .*refused the login as "\w+" with:\n {2}\//,
      ),
      hint: expect.stringContaining('private-key'),
      cause: { code: 'VMCTL_GUEST_AUTH_FAILED' },
    });
  });

  it('keeps trying while another host key answers, until the right one is installed', async () => {
    const right = await generateKeyPair('root@web');
    const before = await start();
    const { options } = await setup({ ...before, hostKey: right });
    const waiting = ready(options);
    await sleep(500);
    await before.kill();
    await start({ port: before.port, hostKey: right, authorizedKeys: [before.identity.publicKey] });
    await waiting;
  });

  it('says at the end that the host key is another one', async () => {
    const sshd = await start();
    const { options } = await setup(
      { ...sshd, hostKey: await generateKeyPair('x') },
      { timeoutMs: await loginLimitMs() },
    );
    await expect(waitUntilReady(options)).rejects.toMatchObject({
      code: 'VMCTL_GUEST_NOT_READY',
      message: expect.stringContaining('host key'),
      hint: expect.stringContaining('known_hosts'),
      cause: { code: 'VMCTL_GUEST_HOST_KEY_CHANGED' },
    });
  });

  it('fails at once when the VM ends, with what its console said', async () => {
    const sshd = await start();
    const port = new ForwardedPort(sshd.port);
    let isRunning = true;
    const { options } = await setup(sshd, {
      address: await port.listen(),
      timeoutMs: 60_000,
      processState: async () =>
        isRunning ? { name: 'running' } : { name: 'stopped', detail: 'exit status 1' },
      consoleTail: async () => 'no bootable device',
    });
    const waiting = waitUntilReady(options);
    const outcome = expect(waiting).rejects.toMatchObject({
      code: 'VMCTL_GUEST_STOPPED',
      message: expect.stringMatching(
        /stopped \(exit status 1\)[\s\S]*SSH port answers[\s\S]*no bootable device/,
      ),
    });
    await sleep(200);
    isRunning = false;
    await outcome;
  });

  it('fails at once when the VM does not run at all', async () => {
    const sshd = await start();
    const { options } = await setup(sshd, { processState: async () => ({ name: 'stopped' }) });
    await expect(waitUntilReady(options)).rejects.toMatchObject({ code: 'VMCTL_GUEST_STOPPED' });
  });

  it('bears a backend that cannot say how the VM is for a while', async () => {
    const sshd = await start();
    const port = new ForwardedPort(sshd.port);
    let asked = 0;
    const { options } = await setup(sshd, {
      address: await port.listen(),
      processState: async () => {
        if (asked++ === 1) throw new Error('the monitor is busy');
        return { name: 'running' };
      },
    });
    const waiting = ready(options);
    await until('the third question', () => asked > 2);
    port.guest = 'up';
    await waiting;
  });

  it.each([
    ['the port', { guest: 'down' } as const],
    ['the login', { guest: 'up' } as const],
  ])('ends on an abort while it waits for %s', async (_what, { guest }) => {
    const sshd = await start({ authorizedKeys: [] });
    const port = new ForwardedPort(sshd.port);
    port.guest = guest;
    const abort = new AbortController();
    const { options } = await setup(sshd, { address: await port.listen(), signal: abort.signal });
    const waiting = waitUntilReady(options);
    const reason = new Error('Ctrl-C');
    const outcome = expect(waiting).rejects.toBe(reason);
    await sleep(300);
    abort.abort(reason);
    await outcome;
  });
});

describe('waiting for cloud-init', () => {
  const runDir = () => join(directory.path, 'run-cloud-init');
  const bin = () => join(directory.path, 'bin');

  /** A guest with cloud-init: its files are in a directory of the test, and what systemd says is too. */
  async function guestWithCloudInit(
    changes: Partial<ReadinessOptions> = {},
  ): Promise<Setup & { sshd: Sshd }> {
    await mkdir(runDir(), { recursive: true });
    await mkdir(bin(), { recursive: true });
    await writeFile(
      join(bin(), 'systemctl'),
      `#!/bin/sh\nif [ "$1" = show ]; then cat ${directory.path}/unit; else echo running; fi\n`,
      { mode: 0o755 },
    );
    await unit('activating');
    const sshd = await start({ environment: { PATH: `${bin()}:/usr/bin:/bin` } });
    const rewrite = (word: string) =>
      word
        .replaceAll('/run/cloud-init', runDir())
        .replaceAll('/var/log/cloud-init-output.log', join(directory.path, 'output.log'));
    const made = await setup(sshd, {
      connect: async (options) => {
        const session = await connectGuest(options);
        const exec = session.exec.bind(session);
        session.exec = (command, execOptions) =>
          exec(typeof command === 'string' ? command : command.map(rewrite), execOptions);
        return session;
      },
      ...changes,
    });
    return { ...made, sshd };
  }

  const unit = (state: string) => writeFile(join(directory.path, 'unit'), `ActiveState=${state}\n`);
  const finish = async (stage: Readonly<Record<string, unknown>>) => {
    await writeFile(join(runDir(), 'status.json'), JSON.stringify({ v1: { 'modules-final': stage } }));
    await writeFile(join(runDir(), 'result.json'), '{}');
  };

  it('goes on as soon as it has finished', async () => {
    const { options, events } = await guestWithCloudInit();
    await writeFile(join(runDir(), 'enabled'), '');
    const waiting = ready(options);
    await until('the check of cloud-init', () =>
      events.some((event) => event.type === 'check.started' && event.check === 'cloud-init finished'),
    );
    await sleep(300);
    expect(events.at(-1)).toEqual({ type: 'check.started', vm: 'web', check: 'cloud-init finished' });
    await finish({ errors: [] });
    expect((await waiting).detail).toMatch(/, cloud-init done$/);
  });

  it('fails with its errors and the end of its output', async () => {
    const { options } = await guestWithCloudInit();
    await finish({ errors: ["('scripts-user', RuntimeError('1 failures'))"] });
    await writeFile(
      join(directory.path, 'output.log'),
      '+ apt-get install nginx\nE: Unable to locate package nginx\n',
    );
    await expect(waitUntilReady(options)).rejects.toMatchObject({
      code: 'VMCTL_GUEST_CLOUD_INIT_FAILED',
      message: expect.stringMatching(
        /web:\n {2}\('scripts-user'[\s\S]*\n {2}E: Unable to locate package nginx$/,
      ),
      hint: expect.stringContaining('vmctl ssh web'),
    });
  });

  it('warns of errors that it could recover from', async () => {
    const { options, events } = await guestWithCloudInit();
    await finish({ errors: [], recoverable_errors: { WARNING: ['could not reach the mirror'] } });
    expect((await ready(options)).detail).toMatch(/, cloud-init done with warnings$/);
    expect(events).toContainEqual({
      type: 'warning',
      vm: 'web',
      code: 'VMCTL_GUEST_CLOUD_INIT_WARNING',
      message: 'cloud-init: could not reach the mirror',
    });
  });

  it('does not wait where it is disabled', async () => {
    const { options } = await guestWithCloudInit();
    await writeFile(join(runDir(), 'disabled'), '');
    expect((await ready(options)).detail).toMatch(/, cloud-init disabled$/);
  });

  it('does not wait where the system is up and it never started', async () => {
    const { options } = await guestWithCloudInit();
    await unit('inactive');
    expect((await ready(options)).detail).toMatch(/, cloud-init not started$/);
  });

  it('fails when it was killed', async () => {
    const { options } = await guestWithCloudInit();
    await unit('failed');
    await expect(waitUntilReady(options)).rejects.toMatchObject({
      code: 'VMCTL_GUEST_CLOUD_INIT_FAILED',
      message: expect.stringContaining('cloud-final.service failed'),
    });
  });

  it('says that it is still at work when the time is up, and leaves nothing running', async () => {
    const { options, sshd } = await guestWithCloudInit({ timeoutMs: await loginLimitMs() });
    await expect(waitUntilReady(options)).rejects.toMatchObject({
      code: 'VMCTL_GUEST_NOT_READY',
      message: expect.stringContaining('"cloud-init finished" did not pass: cloud-init is still at work'),
      hint: expect.stringMatching(/`vmctl wait web --timeout 600`.* vmctl ssh web/),
    });
    await rm(runDir(), { recursive: true });
    await until('the end of the session', () => /Disconnected|disconnect/.test(sshd.log()));
  });

  it('comes back after a reboot of the guest', async () => {
    const { options, events, sshd } = await guestWithCloudInit();
    const waiting = ready(options);
    await sleep(600);
    await sshd.kill();
    await finish({ errors: [] });
    await start({
      port: sshd.port,
      hostKey: sshd.hostKey,
      authorizedKeys: [await readFile(join(sshd.directory, 'authorized_keys'), 'utf8')],
    });
    expect((await waiting).detail).toMatch(/, cloud-init done$/);
    expect(events.filter(({ type }) => type === 'check.started')).toHaveLength(4);
    expect(events.filter(({ type }) => type === 'check.passed')).toHaveLength(4);
  });
});
