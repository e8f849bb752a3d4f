import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createFakeHost } from '@vmctl/core/testing';
import { servesPort } from '../../src/server-process.js';
import { readRecord, recordPath, type VmRecord, writeRecord } from '../../src/vm-record.js';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(await realpath(tmpdir()), 'vmctl-propolis-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const record: VmRecord = {
  disk: { dataset: 'rpool/vmctl/vms/web', base: 'rpool/vmctl/images/a@base', size: 1024 },
  vnic: { link: 'vmctl7', over: 'net0', own: true, macAddress: '02:08:20:0a:0b:0c' },
  booted: true,
  run: {
    port: 41_022,
    directory: '/vms/web/run-1',
    pid: 42,
    startTime: '1.2',
    ensured: true,
    consoleLogStart: 0,
  },
};

it('a record comes back as it was', async () => {
  const host = createFakeHost();
  for (const each of [record, { ...record, vnic: null, run: null, booted: false }]) {
    await writeRecord(host, root, each);
    expect(await readRecord(root)).toEqual(each);
  }
});

it('there is none where none was written, nor where something else stands', async () => {
  expect(await readRecord(root)).toBeUndefined();
  for (const text of ['', 'null', '[]', '{"disk":{}}', '{"disk":{"dataset":"a","base":"b","size":-1}}']) {
    await writeFile(recordPath(root), text);
    expect(await readRecord(root)).toBeUndefined();
  }
});

it('a process that is known in part is not known', async () => {
  const run = { ...record.run, startTime: null };
  await writeFile(recordPath(root), JSON.stringify({ ...record, run }));
  expect((await readRecord(root))?.run).toMatchObject({ pid: null, startTime: null, port: 41_022 });
});

it('a server at a port that there is not is none', async () => {
  const run = { ...record.run, port: 65_536 };
  await writeFile(recordPath(root), JSON.stringify({ ...record, run }));
  expect((await readRecord(root))?.run).toBeNull();
});

it.each([
  ['/opt/oxide/propolis-server/bin/propolis-server run OVMF_CODE.fd 127.0.0.1:41022', true],
  ['propolis-server run OVMF_CODE.fd 127.0.0.1:41022 127.0.0.1:5900', true],
  ['node /x/propolis-server run OVMF_CODE.fd 127.0.0.1:41022', true],
  ['propolis-server run OVMF_CODE.fd 127.0.0.1:4102', false],
  ['propolis-server run OVMF_CODE.fd 10.0.0.1:41022', false],
  ['tail -f propolis-server run OVMF_CODE.fd', false],
  ['my-propolis-server run OVMF_CODE.fd 127.0.0.1:41022', false],
  ['run OVMF_CODE.fd 127.0.0.1:41022', false],
])('%s serves port 41022: %s', (line, serves) => {
  expect(servesPort(line.split(' '), 41_022)).toBe(serves);
});
