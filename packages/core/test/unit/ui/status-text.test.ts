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
