import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createRealHost } from '@vmctl/core/testing';
import { PropolisClient } from '../../src/api/client.js';
import { waitForState } from '../../src/api/state-monitor.js';
import { bundledProgram } from '../support/bundled-program.js';
import { anEnsureRequest, makeError } from '../support/fakes.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';

const program = await bundledProgram('src/testing/propolis-server.ts');
const directory = useTemporaryDirectory();
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
});
const call = { signal: new AbortController().signal, timeoutMs: 30_000 };

/** Starts the program; resolves with its first words: a line of its log, or the reason why it ended. */
async function start(env: Readonly<Record<string, string>> = {}, args?: readonly string[]) {
  const rom = join(directory.path, 'OVMF_CODE.fd');
  await writeFile(rom, Buffer.alloc(8192), { flag: 'a' });
  const port = await createRealHost({ directory: directory.path }).ports.free();
  const child = spawn(process.execPath, [program, ...(args ?? ['run', rom, `127.0.0.1:${port}`])], {
    cwd: directory.path,
    env: { ...process.env, FAKE_ILLUMOS_STATE: directory.path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const { done, value } = await lines.next();
  const client = new PropolisClient({ address: { host: '127.0.0.1', port }, error: makeError, vm: 'web' });
  return { client, port, exit, child, first: done === true ? undefined : value, stderr: () => stderr };
}

async function devices(): Promise<ReturnType<typeof anEnsureRequest>> {
  const device = join(directory.path, 'dev/zvol/rdsk/rpool/vmctl/vms');
  await mkdir(device, { recursive: true });
  await writeFile(join(device, 'web'), '');
  const seed = join(directory.path, 'seed.iso');
  await writeFile(seed, '');
  return anEnsureRequest({ seed_iso_path: seed });
}

async function post(port: number, path: string): Promise<number | undefined> {
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent: false }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  return response.statusCode;
}

describe('the fake server as a program', () => {
  it('runs a VM, writes its log and debug.out, and lets others play the guest', async () => {
    const { client, port, first } = await start({ FAKE_PROPOLIS_GREETING: 'hello' });
    expect(JSON.parse(first ?? '')).toMatchObject({ msg: 'listening', local_addr: `127.0.0.1:${port}` });
    await access(join(directory.path, 'debug.out'));
    await client.ensure(await devices(), call);
    await client.requestState('Run', call);
    const wait = { ...call, error: makeError, vm: 'web' };
    expect(await waitForState(client, ['Running'], wait)).toBe('Running');
    expect((await client.serialHistory({ fromStart: 0 }, call)).data).toEqual(
      Uint8Array.from(Buffer.from('hello')),
    );
    expect(await post(port, '/fake/power-off')).toBe(204);
    expect(await waitForState(client, [], wait)).toBe('Destroyed');
    expect(await post(port, '/fake/nonsense')).toBe(404);
  });

  it('cannot start a VM whose device is not there', async () => {
    const { client } = await start();
    await expect(client.ensure(anEnsureRequest(), call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERVER_FAILED',
    });
  });

  it('does wrong what the environment says', async () => {
    const faults = join(directory.path, 'faults.json');
    await writeFile(faults, JSON.stringify([{ step: 'ensure', kind: 'die', message: 'out of memory' }]));
    const { client, exit, stderr } = await start({ FAKE_PROPOLIS_FAULTS: `@${faults}` });
    await expect(client.ensure(await devices(), call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_UNREACHABLE',
    });
    expect(await exit).toBe(134);
    expect(stderr()).toContain('out of memory');
  });

  it('serves the version that it is told, and VNC where it is given an address', async () => {
    const vnc = await createRealHost({ directory: directory.path }).ports.free();
    const rom = join(directory.path, 'OVMF_CODE.fd');
    const port = await createRealHost({ directory: directory.path }).ports.free();
    await start({ FAKE_PROPOLIS_NEWEST: '1.0.0' }, ['run', rom, `127.0.0.1:${port}`, `127.0.0.1:${vnc}`]);
    const address = { host: '127.0.0.1', port };
    const client = new PropolisClient({ address, error: makeError, vm: 'web' });
    expect(await client.version(call)).toBe('1.0.0');
    await once(connect(vnc, '127.0.0.1').resume(), 'close');
  });

  it('gives up where the port is taken', async () => {
    const { port } = await start();
    const second = await start({}, ['run', join(directory.path, 'OVMF_CODE.fd'), `127.0.0.1:${port}`]);
    expect(await second.exit).toBe(1);
    expect(second.stderr()).toContain('EADDRINUSE');
  });

  it.each([
    ['a boot ROM that is not there', ['run', '/nonexistent/rom', '127.0.0.1:1'], 134],
    ['a boot ROM that is not whole pages', ['run', 'odd', '127.0.0.1:1'], 134],
    ['an address that is none', ['run', 'odd', 'localhost'], 2],
    ['other words', ['serve'], 2],
  ])('ends at %s', async (_what, args, status) => {
    await writeFile(join(directory.path, 'odd'), 'x');
    const { exit, first } = await start({}, args);
    expect(first).toBeUndefined();
    expect(await exit).toBe(status);
  });
});
