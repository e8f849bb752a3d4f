import { describe, expect, it } from '@jest/globals';
import type { VmStatus } from '../../../src/operations/status.js';
import { statusText } from '../../../src/ui/status-text.js';
import { styleFor } from '../../../src/ui/style.js';

const vm: VmStatus = {
  name: 'web',
  state: 'running',
  detail: null,
  backend: 'noop',
  vcpus: 1,
  memoryMb: 512,
  network: { type: 'user' },
  pid: null,
  ssh: null,
  forwards: [],
  createdAt: null,
  vmfile: null,
  unfinished: true,
  problem: null,
  id: 'noop-1',
  workDir: '/vms/web',
  image: null,
  diskGb: null,
  diskUsedBytes: null,
  mac: null,
  firmware: 'bios',
  address: null,
  provisioned: {},
  live: null,
  busy: null,
};

const text = (changes: Partial<VmStatus>): string =>
  statusText({ ...vm, ...changes }, styleFor({ isTTY: false }));

describe('the status of a VM', () => {
  it('tells times as the clock on the wall has them', () => {
    const shown = text({
      createdAt: '2026-03-04T15:06:07.089',
      provisioned: { site: { fingerprint: '', finishedAt: '2026-03-04T15:07:08.123' } },
    });
    expect(shown).toMatch(/created +2026-03-04 15:06:07 \(\d+d ago\)\n/);
    expect(shown).toMatch(/step +site, done 2026-03-04 15:07:08$/m);
  });

  it('tells of its disk once, by its engine where that is asked', () => {
    expect(text({ diskGb: 20 })).toMatch(/^ +disk +20 GiB$/m);
    const disks = [{ name: 'disk', path: '/vms/web/overlay.qcow2', sizeBytes: 20 * 2 ** 30 }];
    const rows = text({ diskGb: 20, live: { disks, problems: [] } })
      .split('\n')
      .filter((row) => row.includes('disk'));
    expect(rows).toEqual(['  disk        /vms/web/overlay.qcow2, 20 GiB']);
  });

  it('keeps its columns beside a long name', () => {
    const more = { 'write cache of the zvol': 'on' };
    const shown = text({ live: { problems: [], more } })
      .split('\n')
      .slice(1);
    expect(shown).toContain('  write cache of the zvol  on');
    expect(shown).toContain('  backend                  noop');
  });
});

describe('the status of a VM whose up has not ended', () => {
  it('says that it did not finish, and what goes on with it', () => {
    expect(text({})).toMatch(/state +running \(unfinished\)/);
    expect(text({})).toMatch(/try +vmctl up: the last one did not finish/);
  });

  it('says who is at work on it, and not that it did not finish, while it does', () => {
    const shown = text({ busy: { purpose: 'vmctl up', pid: 4711 } });
    expect(shown).toMatch(/state +running\n/);
    expect(shown).toMatch(/busy +vmctl up \(process 4711\) is working on it/);
    expect(shown).not.toMatch(/finish/);
  });
});
