import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { VmHandle } from '@vmctl/core/plugin';
import { readRecord } from '../../src/vm-record.js';
import { contextOf, useIllumosLab } from '../support/illumos-lab.js';

const lab = useIllumosLab();

async function stateOf(vm: VmHandle): Promise<string> {
  return (await lab.backend().state(vm, contextOf())).name;
}

/** Something else on a port of the loopback, which answers whatever it is asked. */
async function squatter(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server on TCP has one of these while it listens.
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')) };
}

describe('15: two VMs', () => {
  it('have different ports, directories and VNICs', async () => {
    const [web, db] = await Promise.all([lab.running('web'), lab.running('db')]);
    const runs = await Promise.all([web, db].map(async (vm) => (await readRecord(vm.work_dir))?.run));
    expect(new Set(runs.map((run) => run?.port)).size).toBe(2);
    expect(new Set(runs.map((run) => run?.directory)).size).toBe(2);
    expect(new Set([web['vnic'], db['vnic']]).size).toBe(2);
    expect(new Set([web.mac_addr, db.mac_addr]).size).toBe(2);
  });

  it('one that loses the race for its port gets another one', async () => {
    const vm = await lab.prepared();
    const loser = join(lab.root, 'loser');
    const lines = [
      '#!/bin/sh',
      `if [ -e ${lab.root}/lost ]; then exec propolis-server "$@"; fi`,
      `touch ${lab.root}/lost`,
      'echo "Error: Address already in use (os error 125)" >&2',
      'exit 1',
    ];
    await writeFile(loser, lines.join('\n'), { mode: 0o755 });
    const backend = lab.backend({}, { env: { VMCTL_PROPOLIS_SERVER: loser } });
    const started = await backend.start(vm, contextOf());
    expect(existsSync(join(lab.root, 'lost'))).toBe(true);
    expect(started['propolis_port']).not.toBe(vm['propolis_port']);
    expect(await stateOf(started)).toBe('running');
    expect((await readdir(vm.work_dir)).filter((name) => name.startsWith('run-'))).toHaveLength(1);
  });

  it('one whose port from before is taken by another program gets another one', async () => {
    await using other = await squatter();
    const vm = await lab.prepared();
    const started = await lab.backend().start({ ...vm, propolis_port: other.port }, contextOf());
    expect(started['propolis_port']).not.toBe(other.port);
  });
});

it('15: a server that loses the race for its port every time is given up, with what it said', async () => {
  const vm = await lab.prepared();
  const ports = join(lab.root, 'ports');
  const server = await lab.serverThat(`echo "$3" >> ${ports}`, 'echo "Address already in use" >&2', 'exit 1');
  const backend = lab.backend({}, { env: { VMCTL_PROPOLIS_SERVER: server } });
  await expect(backend.start(vm, contextOf())).rejects.toMatchObject({
    code: 'VMCTL_PROPOLIS_START_FAILED',
    message: expect.stringContaining('Address already in use'),
  });
  expect((await readFile(ports, 'utf8')).trimEnd().split('\n')).toHaveLength(5);
});
