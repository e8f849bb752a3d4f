import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { VmHandle } from '@vmctl/core/plugin';
import { createRealHost } from '@vmctl/core/testing';
import {
  findRecorder,
  type RecorderOptions,
  resumeRecorder,
  startRecorder,
  stopRecorder,
} from '../../src/serial/recorder.js';
import type { FakePropolisServer } from '../../src/testing.js';
import { propolisHandle, useFakeServers } from '../support/fakes.js';
import { RECORDER_COMMAND as command } from '../support/illumos-programs.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const directory = useTemporaryDirectory();
const lab = useFakeServers();
const { signal } = new AbortController();
const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** A VM that runs on a fake server, with a work directory of its own. */
async function aVm(server: FakePropolisServer, name = 'web', changes: Partial<VmHandle> = {}) {
  const host = createRealHost({ directory: directory.path });
  const vm = propolisHandle({ name, work_dir: join(directory.path, name), ...changes });
  await mkdir(vm.work_dir, { recursive: true });
  cleanUps.push(() => stopRecorder(host, vm.work_dir));
  const options: RecorderOptions = { host, vm, address: server.address, signal, command };
  const logPath = join(vm.work_dir, 'console.log');
  const log = (): Promise<string> => readFile(logPath, 'utf8').catch(() => '');
  const shows = (text: string): Promise<void> =>
    until(`"${text}" in the log`, async () => (await log()).endsWith(text));
  const gone = (): Promise<void> =>
    until('the end of the recorder', async () => (await findRecorder(host, vm.work_dir)) === undefined);
  return { host, vm, options, logPath, log, shows, gone };
}

/** A recorder knows that it is connected when the server does. */
const connected = (server: FakePropolisServer): Promise<void> =>
  until('the recorder to be connected', () => server.serial.clients > 0);

describe('16: the recorder of a console', () => {
  it('fills console.log from the boot on, byte by byte, and ends with the VM', async () => {
    const server = await lab.running({ greeting: 'from before it was started\n' });
    const { options, logPath, shows, gone } = await aVm(server);
    const { consoleLogStart } = await startRecorder(options);
    expect(consoleLogStart).toBe(0);
    await shows('was started\n');
    server.say(Uint8Array.of(0, 255, 13, 10));
    await until('the bytes', async () => (await readFile(logPath)).length === 31);
    expect((await readFile(logPath)).subarray(27)).toEqual(Buffer.of(0, 255, 13, 10));
    server.say('last words\n');
    server.powerOff();
    await gone();
    expect((await readFile(logPath)).toString().endsWith('last words\n')).toBe(true);
  });

  it('appends to what earlier boots have written, and says where this one begins', async () => {
    const server = await lab.running({ greeting: 'second boot\n' });
    const { options, logPath, log, shows } = await aVm(server);
    await writeFile(logPath, 'first boot\n');
    expect(await startRecorder(options)).toMatchObject({ consoleLogStart: 11 });
    await shows('second boot\n');
    expect(await log()).toBe('first boot\nsecond boot\n');
  });

  it('connects again when the connection breaks, and loses nothing', async () => {
    const server = await lab.running({ greeting: 'one ' });
    const { options, log, shows } = await aVm(server);
    await startRecorder(options);
    await shows('one ');
    await connected(server);
    server.serial.hangUp('drop');
    await until('nobody to be connected', () => server.serial.clients === 0);
    server.say('two ');
    await shows('two ');
    server.say('three');
    await shows('three');
    expect(await log()).toBe('one two three');
  });

  it('follows a VM that migrates', async () => {
    const source = await lab.running({ greeting: 'here ' });
    const target = await lab.running({ greeting: 'here and there' });
    const { options, log, shows } = await aVm(source);
    await startRecorder(options);
    await shows('here ');
    const { host, port } = target.address;
    source.startMigration();
    await source.endMigration({ destination: `${host}:${port}`, fromStart: 5 });
    await shows('there');
    expect(await log()).toBe('here and there');
  });

  it('ends when the server is gone', async () => {
    const server = await lab.running({ greeting: 'hello' });
    const { options, shows, gone } = await aVm(server);
    await startRecorder(options);
    await shows('hello');
    await server.die();
    await gone();
  });

  it('records nothing of another VM that has the port now', async () => {
    const server = await lab.running({ greeting: 'of another' });
    const { options, log, gone } = await aVm(server, 'other', {
      id: 'propolis-00000000-0000-4000-8000-000000000099',
    });
    await startRecorder(options);
    await gone();
    expect(await log()).toBe('');
  });

  it('that was killed goes on where the log ends', async () => {
    const server = await lab.running({ greeting: 'one ' });
    const { host, vm, options, logPath, log, shows, gone } = await aVm(server);
    await writeFile(logPath, 'earlier boot\n');
    const { identity, consoleLogStart } = await startRecorder(options);
    await shows('one ');
    await host.processes.signal(identity, 'SIGKILL');
    await gone();
    server.say('two ');
    await resumeRecorder({ ...options, vm: { ...vm, console_log_start: consoleLogStart } });
    await shows('two ');
    expect(await log()).toBe('earlier boot\none two ');
    const running = await findRecorder(host, vm.work_dir);
    await resumeRecorder({ ...options, vm: { ...vm, console_log_start: consoleLogStart } });
    expect(await findRecorder(host, vm.work_dir)).toEqual(running);
  });

  it('is not started again for a handle that does not say where its boot begins in the log', async () => {
    const server = await lab.running();
    const { host, vm, options } = await aVm(server);
    await resumeRecorder(options);
    expect(vm.console_log_start).toBeUndefined();
    expect(await findRecorder(host, vm.work_dir)).toBeUndefined();
  });

  it('says in the log what a server no longer has', async () => {
    const server = await lab.running();
    const { vm, options, logPath, log, shows } = await aVm(server);
    const mebibyte = 2 ** 20;
    server.say(Buffer.alloc(3 * mebibyte, 'x'));
    server.say('end');
    await writeFile(logPath, Buffer.alloc(mebibyte + 10, 'y'));
    await resumeRecorder({ ...options, vm: { ...vm, console_log_start: 0 } });
    await shows('end');
    const missing = 2 * mebibyte + 3 - (mebibyte + 10);
    expect((await log()).slice(mebibyte + 10).split('x')[0]).toBe(
      `\r\n[vmctl: ${missing} bytes are missing here]\r\n`,
    );
  });

  it('that was killed after it had said so goes on at the byte where it was', async () => {
    const server = await lab.running();
    const { host, vm, options, logPath, log, shows, gone } = await aVm(server);
    const handle = { ...vm, console_log_start: 0 };
    const mebibyte = 2 ** 20;
    server.say(Buffer.alloc(3 * mebibyte, 'x'));
    await writeFile(logPath, Buffer.alloc(mebibyte + 10, 'y'));
    await resumeRecorder({ ...options, vm: handle });
    await until('the last bytes', async () => (await log()).endsWith('x'.repeat(mebibyte)));
    const killed = await findRecorder(host, vm.work_dir);
    if (killed === undefined) throw new Error('it records');
    await host.processes.signal(killed, 'SIGKILL');
    await gone();
    const before = await log();
    server.say('and the end');
    await resumeRecorder({ ...options, vm: handle });
    await shows('and the end');
    expect((await log()).slice(before.length)).toBe('and the end');
  });

  it('is ended with the VM’s other processes, and only it', async () => {
    const server = await lab.running();
    const { host, vm, options } = await aVm(server);
    const { identity } = await startRecorder(options);
    await connected(server);
    await stopRecorder(host, vm.work_dir);
    expect(await host.processes.isAlive(identity)).toBe(false);
    await stopRecorder(host, vm.work_dir);
    const own = await host.processes.identify(process.pid);
    const reused = { pid: process.pid, startTime: 'of another process' };
    await writeFile(join(vm.work_dir, 'console-recorder.json'), JSON.stringify(reused));
    expect(await findRecorder(host, vm.work_dir)).toBeUndefined();
    await stopRecorder(host, vm.work_dir);
    expect(await host.processes.identify(process.pid)).toEqual(own);
  });

  it('leaves nothing when its start is aborted or fails', async () => {
    const server = await lab.running();
    const { host, vm, options } = await aVm(server);
    const aborted = AbortSignal.abort(new Error('Ctrl-C'));
    await expect(startRecorder({ ...options, signal: aborted })).rejects.toThrow('Ctrl-C');
    await expect(startRecorder({ ...options, command: ['/nonexistent/node'] })).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERIAL',
    });
    expect(await findRecorder(host, vm.work_dir)).toBeUndefined();
    expect(server.serial.clients).toBe(0);
  });

  it.each(['', 'no JSON', '{}', '{"pid":1,"startTime":"x"}', '{"pid":"2","startTime":"x"}', 'null'])(
    'is not looked for by a record that is %j',
    async (record) => {
      const { host, vm } = await aVm(await lab.server());
      await writeFile(join(vm.work_dir, 'console-recorder.json'), record);
      expect(await findRecorder(host, vm.work_dir)).toBeUndefined();
      await stopRecorder(host, vm.work_dir);
    },
  );
});

describe('the program of the recorder', () => {
  it('does nothing before it is told that it is on record', async () => {
    const server = await lab.running({ greeting: 'hello' });
    const { options, log } = await aVm(server);
    const { spawn } = await import('node:child_process');
    const [file = '', ...args] = command;
    const recording = {
      vm: 'web',
      instanceId: options.vm.id.replace('propolis-', ''),
      address: server.address,
      logPath: join(options.vm.work_dir, 'console.log'),
      fromStart: 0,
    };
    const asked = server.requests.length;
    const child = spawn(file, [...args, JSON.stringify(recording)], { stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.end();
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
    expect(server.requests.length).toBe(asked);
    expect(await log()).toBe('');
  });
});
