import { afterEach, describe, expect, it } from '@jest/globals';
import type { VmInspection } from '@vmctl/core/plugin';
import { mkdir } from 'node:fs/promises';
import { inspectVm, readDisks } from '../../src/inspect.js';
import { type Behaviour, FakeQmpServer, reply } from '../support/fake-qmp-server.js';
import { handle } from '../support/handle.js';
import { createPluginHost } from '../support/plugin-host.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';

/** What QEMU 7.2 says of a disk made with -blockdev, without what nobody reads. */
const BLOCKS = [
  {
    'io-status': 'ok',
    device: '',
    inserted: {
      image: {
        'virtual-size': 104_857_600,
        filename: '/vms/web/overlay.qcow2',
        'actual-size': 200_704,
        'full-backing-filename': '/images/debian.qcow2',
        'backing-filename': '../debian.qcow2',
      },
      ro: false,
      'node-name': 'disk',
      drv: 'qcow2',
      backing_file: '/images/debian.qcow2',
      file: '/vms/web/overlay.qcow2',
    },
    qdev: '/machine/peripheral/disk0/virtio-backend',
  },
  {
    'io-status': 'nospace',
    device: '',
    inserted: {
      image: { 'virtual-size': 65_536, filename: '/vms/web/seed.iso', 'actual-size': 4096 },
      ro: true,
      'node-name': 'seed',
      drv: 'raw',
      file: '/vms/web/seed.iso',
    },
  },
  { device: 'ide1-cd0', locked: false, removable: true },
];
const STATISTICS = [
  { device: '', 'node-name': 'disk', stats: { rd_bytes: 512, wr_bytes: 4096 } },
  { device: '', 'node-name': 'seed', stats: { rd_bytes: 1024, wr_bytes: 0 } },
];
const ANSWERS: Readonly<Record<string, unknown>> = {
  'query-status': { status: 'running', running: true },
  'query-kvm': { enabled: false, present: true },
  'query-cpus-fast': [{ 'cpu-index': 0 }, { 'cpu-index': 1 }],
  'query-memory-size-summary': { 'base-memory': 2_147_483_648, 'plugged-memory': 0 },
  'query-balloon': { actual: 1_073_741_824 },
  'query-block': BLOCKS,
  'query-blockstats': STATISTICS,
};
const answer: Behaviour = (request, socket) => reply(socket, request.id, ANSWERS[request.execute]);

describe('what a QEMU says', () => {
  const directory = useTemporaryDirectory();
  let server: FakeQmpServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function inspect(
    options: { greeting?: string; behaviour?: Behaviour },
    timeoutMs?: number,
  ): Promise<VmInspection> {
    const vm = handle({ work_dir: directory.path, qmp_socket: `${directory.path}/qmp.sock` });
    await mkdir(vm.work_dir, { recursive: true });
    server = await FakeQmpServer.listen(`${directory.path}/qmp.sock`, options);
    const host = createPluginHost(directory.path);
    // The server is in this process.
    const identity = await host.processes.identify(process.pid);
    if (identity === undefined) throw new Error('this process is not in the process table');
    return inspectVm(host, vm, identity, { signal: new AbortController().signal, timeoutMs });
  }

  it('is how it runs, its processors, its memory and its disks', async () => {
    expect(await inspect({ behaviour: answer })).toEqual({
      status: 'running',
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      engine: 'QEMU 9.1.2',
      accelerator: 'tcg',
      vcpus: 2,
      memory: { bytes: 2_147_483_648, usableBytes: 1_073_741_824 },
      disks: [
        {
          name: 'disk',
          path: '/vms/web/overlay.qcow2',
          format: 'qcow2',
          readOnly: false,
          sizeBytes: 104_857_600,
          allocatedBytes: 200_704,
          backing: '/images/debian.qcow2',
          readBytes: 512,
          writtenBytes: 4096,
        },
        {
          name: 'seed',
          path: '/vms/web/seed.iso',
          format: 'raw',
          readOnly: true,
          sizeBytes: 65_536,
          allocatedBytes: 4096,
          problem: 'nospace',
          readBytes: 1024,
          writtenBytes: 0,
        },
      ],
      problems: [],
    });
  });

  it('is taken without what a machine of another tool cannot answer', async () => {
    const found = await inspect({
      behaviour: (request, socket) => {
        if (request.execute !== 'query-balloon') return answer(request, socket);
        const error = { class: 'DeviceNotActive', desc: 'No balloon device has been activated' };
        socket.write(`${JSON.stringify({ error, id: request.id })}\r\n`);
      },
    });
    expect(found).toMatchObject({ memory: { bytes: 2_147_483_648 }, problems: [] });
    expect(found.disks).toHaveLength(2);
  });

  it('is that it does not answer, when another program holds its control socket', async () => {
    const found = await inspect({ greeting: ' ', behaviour: answer }, 50);
    expect(found).toEqual({
      startedAt: expect.any(String),
      problems: ['QEMU did not answer within 0.05 s: it hangs, or another program holds its control socket.'],
    });
  });

  it('is what it said before it hung, and that it hangs', async () => {
    const found = await inspect(
      {
        behaviour: (request, socket) => {
          if (request.execute !== 'query-block') answer(request, socket);
        },
      },
      500,
    );
    expect(found).toMatchObject({
      status: 'running',
      vcpus: 2,
      problems: [expect.stringMatching(/did not send the reply to query-block within/)],
    });
    expect(server?.requests.at(-1)?.execute).toBe('query-block');
  });
});

describe('readDisks', () => {
  it('knows disks made with -drive by their device', () => {
    const blocks = [{ device: 'virtio0', inserted: { 'node-name': '#block158', drv: 'qcow2', file: '/d' } }];
    const statistics = [{ device: 'virtio0', 'node-name': '#block158', stats: { rd_bytes: 7 } }];
    expect(readDisks(blocks, statistics)).toMatchObject([{ name: 'virtio0', path: '/d', readBytes: 7 }]);
  });

  it.each([undefined, null, {}, 'x'])('takes %j for no answer', (reply_) => {
    expect(readDisks(reply_, undefined)).toBeUndefined();
  });
});
