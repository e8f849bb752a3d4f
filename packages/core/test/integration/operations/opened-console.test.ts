import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { VmHandle } from '../../../src/hypervisor/contract.js';
import { RouterHypervisor } from '../../../src/hypervisor/router.js';
import type { ConsoleSession } from '../../../src/operations/console-session.js';
import { type ConsoleOptions, openConsole } from '../../../src/operations/console.js';
import { Runtime } from '../../../src/operations/runtime.js';
import { FakeHypervisor } from '../../../src/testing/fake-hypervisor.js';
import { exampleHandle } from '../state/example-handle.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { until } from '../../support/until.js';

const directory = useTemporaryDirectory();
const sessions: ConsoleSession[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) await session[Symbol.asyncDispose]();
});

/** A guest whose console its backend opens, for as many as want it. */
class Guest {
  readonly streams: Duplex[] = [];
  readonly opened: { readonly replay: boolean }[] = [];
  received = '';
  said = '';

  readonly open = (_vm: VmHandle, options: { readonly replay: boolean }): Duplex => {
    const stream = new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        this.received += String(chunk);
        done();
      },
    });
    this.opened.push(options);
    this.streams.push(stream);
    if (options.replay) stream.push(this.said);
    return stream;
  };

  say(text: string): void {
    this.said += text;
    for (const stream of this.streams) if (!stream.destroyed) stream.push(text);
  }
}

async function running(options: { readonly log?: string } = {}) {
  const guest = new Guest();
  const backend = new FakeHypervisor({ console: guest.open }).put('web', 'running');
  const runtime = new Runtime({ env: {}, homeDir: directory.path, cwd: directory.path, platform: 'linux' });
  const router = new RouterHypervisor({
    load: async () => backend,
    flag: undefined,
    configured: undefined,
    platform: 'linux',
  });
  Object.defineProperty(runtime, 'router', { value: router });
  const handle: VmHandle = {
    ...exampleHandle('web', join(directory.path, '.local/share/vmctl')),
    ...(options.log === undefined ? {} : { console_log_start: 0 }),
  };
  await mkdir(handle.work_dir, { recursive: true });
  const log = join(handle.work_dir, 'console.log');
  if (options.log !== undefined) await writeFile(log, options.log);
  await runtime.registry.update('web', () => handle);
  const open = async (more: Partial<ConsoleOptions> = {}) => {
    const session = await openConsole(runtime, { name: 'web', ...more });
    sessions.push(session);
    const seen = { text: '' };
    const ended = (async () => {
      for await (const { bytes } of session.output()) seen.text += Buffer.from(bytes).toString();
    })();
    return { session, seen, ended };
  };
  return { guest, backend, runtime, log, open };
}

describe('a console that its backend opens', () => {
  it('shows what the guest writes, and sends it what is typed', async () => {
    const { guest, open } = await running();
    const { session, seen } = await open();
    guest.say('login: ');
    await until('the prompt', () => seen.text === 'login: ');
    await session.send(Buffer.from('root\n'));
    await until('the input', () => guest.received === 'root\n');
  });

  it('is replayed by the backend where nothing is logged, without a warning', async () => {
    const { guest, runtime, open } = await running();
    const warnings: unknown[] = [];
    runtime.events.subscribe((event) => void (event.type === 'warning' && warnings.push(event)));
    guest.say('from before\n');
    const { seen } = await open({ replay: true });
    await until('the replay', () => seen.text === 'from before\n');
    expect(warnings).toEqual([]);
  });

  it('is replayed from its log where there is one, and not by the backend as well', async () => {
    const { guest, log, open } = await running({ log: 'from before\n' });
    guest.say('from before\n');
    const { seen } = await open({ replay: true });
    guest.say('and now\n');
    await appendFile(log, 'and now\n');
    await until('the end of it', () => seen.text.endsWith('now\n'));
    expect(seen.text).toBe('from before\nand now\n');
    expect(guest.opened).toEqual([{ replay: false }]);
  });

  it('can be watched by many while one has the keyboard, also without a log', async () => {
    const { guest, open } = await running();
    const typist = await open();
    const second = await open({ ifTaken: 'watch' });
    const watcher = await open({ readOnly: true, replay: true });
    guest.say('hello\n');
    for (const { seen } of [typist, second, watcher]) {
      await until('the hello', () => seen.text === 'hello\n');
    }
    expect([typist, second, watcher].map(({ session }) => session.readOnly)).toEqual([false, true, true]);
    expect(second.session.holder).toMatchObject({ pid: process.pid });
    await second.session.send(Buffer.from('lost'));
    await typist.session.send(Buffer.from('kept'));
    await until('the input', () => guest.received !== '');
    expect(guest.received).toBe('kept');
  });

  it('ends with the VM', async () => {
    const { guest, backend, open } = await running();
    const { session, ended } = await open();
    backend.put('web', 'stopped');
    for (const stream of guest.streams) stream.push(null);
    await ended;
    expect(await session.finalState()).toEqual({ name: 'stopped' });
    expect(session.failure).toBeUndefined();
  });

  it('that breaks ends the output, says why, and leaves the keyboard to the next', async () => {
    const { guest, open } = await running();
    const { session, ended } = await open();
    guest.streams[0]?.destroy(new Error('the connection broke'));
    await ended;
    expect(session.failure?.message).toBe('the connection broke');
    await session[Symbol.asyncDispose]();
    expect((await open()).session.readOnly).toBe(false);
  });

  it('that cannot be opened keeps the keyboard for nobody', async () => {
    const { backend, open } = await running();
    backend.fail('openConsole', { nth: 1 });
    await expect(open()).rejects.toMatchObject({ code: 'FAKE_FAULT' });
    expect((await open()).session.readOnly).toBe(false);
  });
});
