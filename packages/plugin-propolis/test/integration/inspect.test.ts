import { appendFile, lutimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readRecord } from '../../src/vm-record.js';
import { contextOf, IMAGE_BYTES, useIllumosLab } from '../support/illumos-lab.js';

const lab = useIllumosLab();

describe('a look at a VM', () => {
  it('shows what runs it, since when, and its disk', async () => {
    const vm = await lab.running();
    const { directory = '', port } = (await readRecord(vm.work_dir))?.run ?? {};
    const { datasets } = lab.fake.state;
    const start = new Date('2026-11-20T08:00:00.000Z');
    await lutimes(join(directory, 'OVMF_CODE.fd'), start, start);
    await appendFile(join(directory, 'server.log'), 'what it says later\n');
    expect(await lab.backend().inspect(vm, contextOf())).toEqual({
      status: 'Running',
      startedAt: start.toISOString(),
      engine: 'propolis-server (API 5.0.0)',
      accelerator: 'bhyve',
      vcpus: 1,
      memory: { bytes: 64 * 1024 * 1024 },
      disks: [
        {
          name: 'boot-disk',
          path: '/dev/zvol/rdsk/rpool/vmctl/vms/web',
          format: 'raw',
          readOnly: false,
          sizeBytes: IMAGE_BYTES,
          backing: datasets['rpool/vmctl/vms/web']?.origin,
        },
      ],
      more: {
        server: `127.0.0.1:${port}`,
        'server log': join(directory, 'server.log'),
        vnic: `${String(vm['vnic'])} over net0`,
      },
      problems: [],
    });
  });

  it('shows nothing of one that does not run: its server may outlive it', async () => {
    const vm = await lab.running();
    await lab.tell(vm, 'power-off');
    expect(await lab.backend().inspect(vm, contextOf())).toBeUndefined();
    const stopped = await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
    expect(await lab.backend().inspect(stopped, contextOf())).toBeUndefined();
  });

  it('says what could not be learned', async () => {
    const vm = await lab.running();
    lab.fake.fail('zfs list', 'The ZFS modules cannot be loaded.');
    expect(await lab.backend().inspect(vm, contextOf())).toMatchObject({
      status: 'Running',
      disks: [],
      problems: [expect.stringContaining('cannot be loaded')],
    });
    await lab.tell(vm, 'fault', JSON.stringify({ step: 'get', kind: 'drop', times: 100 }));
    expect(await lab.backend().inspect(vm, contextOf())).toEqual({
      problems: [expect.stringContaining('does not answer')],
    });
  });
});
