import { createServer, type Server, type Socket } from 'node:net';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { shortPath } from '../../../src/host/short-socket-path.js';
import type { ConsoleEndpoint, VmHandle, VmStateName } from '../../../src/hypervisor/contract.js';
import { RouterHypervisor } from '../../../src/hypervisor/router.js';
import type { ConsoleSession } from '../../../src/operations/console-session.js';
import { type ConsoleOptions, describeConsole, openConsole } from '../../../src/operations/console.js';
import { Runtime } from '../../../src/operations/runtime.js';
import { FakeHypervisor } from '../../../src/testing/fake-hypervisor.js';
import { exampleHandle } from '../state/example-handle.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { until } from '../../support/until.js';

const directory = useTemporaryDirectory();
const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** A backend whose consoles are where the test says. */
class ConsoleBackend extends FakeHypervisor {
  endpoint: ConsoleEndpoint = { kind: 'none', reason: 'the test gave it none' };

  override console(): ConsoleEndpoint {
    return this.endpoint;
  }
}

/** The VM "web", its backend, and a socket that plays its serial port, with one client at a time as QEMU's. */
class Lab {
  readonly backend = new ConsoleBackend();
  readonly runtime: Runtime;
  readonly handle: VmHandle;
  readonly log: string;
  received = '';
  client: Socket | undefined;
  readonly #server: Server;

  private constructor(root: string, handle: VmHandle, server: Server) {
    this.runtime = new Runtime({ env: {}, homeDir: root, cwd: root, platform: 'linux' });
    const router = new RouterHypervisor({
      load: async () => this.backend,
      flag: undefined,
      configured: undefined,
      platform: 'linux',
    });
    Object.defineProperty(this.runtime, 'router', { value: router });
    this.handle = handle;
    this.log = join(handle.work_dir, 'console.log');
    this.#server = server;
    server.on('connection', (socket) => {
      this.client = socket;
      socket.on('data', (bytes) => (this.received += bytes.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => (this.client = undefined));
    });
  }

  static async create(
    changes: Partial<VmHandle> = {},
    options: { readonly log?: string; readonly state?: VmStateName } = {},
  ): Promise<Lab> {
    const handle = {
      ...exampleHandle('web', join(directory.path, '.local/share/vmctl')),
      ...(options.log === undefined ? {} : { console_log_start: 0 }),
      ...changes,
    };
    await mkdir(handle.work_dir, { recursive: true });
    const path = join(handle.work_dir, 'console.sock');
    const server = createServer();
    const short = await shortPath(path, { env: {} });
    await new Promise<void>((resolve) => server.listen(short, resolve));
    const lab = new Lab(directory.path, handle, server);
    cleanUps.push(() => lab.end());
    if (short !== path) cleanUps.push(() => rm(dirname(short), { force: true }));
    if (options.log !== undefined) await writeFile(lab.log, options.log);
    lab.backend.endpoint = { kind: 'unix-socket', path };
    lab.backend.put('web', options.state ?? 'running');
    await lab.runtime.registry.update('web', () => handle);
    return lab;
  }

  async open(options: Partial<ConsoleOptions> = {}): Promise<Watched> {
    const session = await openConsole(this.runtime, { name: 'web', ...options });
    const watched = new Watched(session);
    cleanUps.push(() => watched.close());
    return watched;
  }

  /** The guest writes: to the log, and to who is connected. */
  async say(text: string): Promise<void> {
    this.client?.write(text);
    await appendFile(this.log, text);
  }

  /** The VM ends. */
  async end(): Promise<void> {
    this.backend.put('web', 'stopped');
    this.client?.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A session whose output is read as it comes. */
class Watched {
  readonly session: ConsoleSession;
  readonly ended: Promise<void>;
  text = '';
  replayed = '';

  constructor(session: ConsoleSession) {
    this.session = session;
    this.ended = this.#read();
  }

  async #read(): Promise<void> {
    for await (const { bytes, replayed } of this.session.output()) {
      this.text += Buffer.from(bytes).toString();
      if (replayed) this.replayed += Buffer.from(bytes).toString();
    }
  }

  shows(text: string): Promise<void> {
    return until(`"${text}" on the console`, () => this.text.includes(text));
  }

  async close(): Promise<void> {
    await this.session[Symbol.asyncDispose]();
    await this.ended;
  }
}

describe('a console', () => {
  it('shows what the guest writes from now on, and sends it what is typed', async () => {
    const lab = await Lab.create({}, { log: 'long ago\n' });
    const console = await lab.open();
    await console.session.send(Buffer.from('ls\n'));
    await until('the input', () => lab.received === 'ls\n');
    await lab.say('a  b\n');
    await console.shows('a  b\n');
    expect(console.text).toBe('a  b\n');
  });

  it('replays what came since the last start, and then goes on without a gap or a double', async () => {
    const lab = await Lab.create({ console_log_start: 8 }, { log: 'earlier\nthis boot\n' });
    const console = await lab.open({ replay: true });
    await console.shows('this boot\n');
    await until('the connection', () => lab.client !== undefined);
    for (let line = 0; line < 50; line++) await lab.say(`line ${line}\n`);
    await console.shows('line 49\n');
    const lines = Array.from({ length: 50 }, (_, line) => `line ${line}\n`).join('');
    expect(console.text).toBe(`this boot\n${lines}`);
    expect(console.replayed).toBe('this boot\n');
  });

  it('replays all when the log was cut since the start', async () => {
    const lab = await Lab.create({ console_log_start: 1000 }, { log: 'what is left\n' });
    const console = await lab.open({ replay: true });
    await console.shows('what is left\n');
  });

  it('is for many to watch, and for the first to type on', async () => {
    const lab = await Lab.create({}, { log: '' });
    const first = await lab.open();
    const others = [await lab.open(), await lab.open({ readOnly: true })];
    await until('the connection', () => lab.client !== undefined);
    expect(first.session).toMatchObject({ readOnly: false, holder: undefined });
    expect(others[0]?.session).toMatchObject({ readOnly: true, holder: { pid: process.pid } });
    expect(others[1]?.session).toMatchObject({ readOnly: true, holder: undefined });
    for (const each of others) await each.session.send(Buffer.from('from a watcher'));
    await first.session.send(Buffer.from('from the first'));
    await until('the input', () => lab.received !== '');
    await lab.say('seen by all\n');
    for (const each of [first, ...others]) await each.shows('seen by all\n');
    expect(lab.received).toBe('from the first');
  });

  it('is the next one’s when the first has left', async () => {
    const lab = await Lab.create({}, { log: '' });
    const first = await lab.open();
    await expect(lab.open({ ifTaken: 'fail' })).rejects.toMatchObject({
      code: 'VMCTL_LOCKED',
      message: expect.stringContaining(`process ${process.pid} (vmctl console)`),
      hint: expect.stringContaining('--read-only'),
    });
    await first.close();
    const next = await lab.open({ ifTaken: 'fail' });
    expect(next.session.readOnly).toBe(false);
  });

  it('does not hold up a guest whose output nobody reads', async () => {
    const lab = await Lab.create({}, { log: '' });
    await using session = await openConsole(lab.runtime, { name: 'web' });
    const output = session.output();
    const first = output.next();
    await until('the connection', () => lab.client !== undefined);
    await lab.say('x');
    await first;
    // From here on nobody takes anything.
    let taken = false;
    lab.client?.write(Buffer.alloc(8 * 1024 * 1024), () => (taken = true));
    await until('all of it to be taken', () => taken);
    await output.return(undefined);
  });

  it.each([{ readOnly: false }, { readOnly: true }])(
    'ends with the VM, after its last words ($readOnly)',
    async (options) => {
      const lab = await Lab.create({}, { log: '' });
      const console = await lab.open(options);
      await until('the connection', () => options.readOnly || lab.client !== undefined);
      await lab.say('Power down\n');
      await lab.end();
      await console.ended;
      expect(console.text).toBe('Power down\n');
      expect(await console.session.finalState()).toMatchObject({ name: 'stopped' });
    },
  );

  it('ends when it is told to, and leaves the console to others', async () => {
    const lab = await Lab.create({}, { log: '' });
    const leaving = new AbortController();
    const console = await lab.open({ signal: leaving.signal });
    await until('the connection', () => lab.client !== undefined);
    leaving.abort();
    await console.ended;
    await until('the end of the connection', () => lab.client === undefined);
  });

  it('is the connection alone for a backend that keeps no log', async () => {
    const lab = await Lab.create();
    const warnings: string[] = [];
    lab.runtime.events.subscribe((event) => {
      if (event.type === 'warning') warnings.push(event.message);
    });
    const console = await lab.open({ replay: true });
    expect(warnings).toEqual([expect.stringContaining('Nothing can be replayed')]);
    await until('the connection', () => lab.client !== undefined);
    lab.client?.write('hello\n');
    await console.shows('hello\n');
    await expect(lab.open()).rejects.toMatchObject({ code: 'VMCTL_LOCKED' });
    await lab.end();
    await console.ended;
  });

  it('is not taken from a log that ended with an earlier start', async () => {
    const lab = await Lab.create();
    await writeFile(lab.log, 'an earlier start\n');
    const console = await lab.open({ replay: true });
    await until('the connection', () => lab.client !== undefined);
    lab.client?.write('this start\n');
    await console.shows('this start\n');
    expect(console.text).toBe('this start\n');
    expect(await describeConsole(lab.runtime, { name: 'web' })).toMatchObject({ log: null });
  });

  it('is found behind a path that is too long for a socket', async () => {
    const lab = await Lab.create({ work_dir: join(directory.path, 'deep'.repeat(40)) }, { log: '' });
    const console = await lab.open();
    await console.session.send(Buffer.from('x'));
    await until('the input', () => lab.received === 'x');
  });
});

describe('no console', () => {
  it.each(['prepared', 'stopped'] as const)('is there while the VM is %s', async (state) => {
    const lab = await Lab.create({}, { log: '', state });
    await expect(lab.open()).rejects.toMatchObject({
      code: 'VMCTL_VM_NOT_RUNNING',
      message: `web is ${state}; only a VM that runs has a console.`,
      hint: expect.stringContaining('vmctl start web'),
    });
  });

  it('comes from a backend that has none, which says why', async () => {
    const lab = await Lab.create();
    lab.backend.endpoint = { kind: 'none', reason: 'its guests have no serial port' };
    await expect(lab.open()).rejects.toMatchObject({
      code: 'VMCTL_CONSOLE_UNSUPPORTED',
      message: expect.stringContaining('its guests have no serial port'),
    });
    lab.backend.endpoint = { kind: 'websocket', url: 'ws://127.0.0.1:1/console', headers: {} };
    await expect(lab.open()).rejects.toMatchObject({ code: 'VMCTL_CONSOLE_UNSUPPORTED' });
  });

  it('answers when its socket is gone, and the keyboard is not kept for it', async () => {
    const lab = await Lab.create({}, { log: '' });
    const { endpoint } = lab.backend;
    lab.backend.endpoint = { kind: 'unix-socket', path: join(directory.path, 'gone.sock') };
    await expect(lab.open()).rejects.toMatchObject({
      code: 'VMCTL_CONSOLE_UNREACHABLE',
      message: expect.stringContaining('gone.sock'),
    });
    lab.backend.endpoint = endpoint;
    expect((await lab.open()).session.readOnly).toBe(false);
  });

  it('belongs to a VM that is not there', async () => {
    const lab = await Lab.create();
    await expect(lab.open({ name: 'wb' })).rejects.toMatchObject({ code: 'VMCTL_VM_UNKNOWN' });
  });
});

describe('the description of a console', () => {
  it('says where it is, where this start begins, and who has the keyboard', async () => {
    const lab = await Lab.create({ console_log_start: 3 }, { log: 'old new' });
    const described = {
      vm: 'web',
      endpoint: { kind: 'unix-socket', path: join(lab.handle.work_dir, 'console.sock') },
      log: { path: lab.log, start: 3 },
      holder: null,
    };
    expect(await describeConsole(lab.runtime, { name: 'web' })).toEqual(described);
    await lab.open();
    expect(await describeConsole(lab.runtime, { name: 'web' })).toEqual({
      ...described,
      holder: { pid: process.pid, since: expect.any(String) },
    });
  });
});
