import { describe, expect, it } from '@jest/globals';
import { createRealHost } from '@vmctl/core/testing';
import { createIllumosCommands } from '../../src/host/illumos-commands.js';
import { contextOf, useIllumosLab } from '../support/illumos-lab.js';

const lab = useIllumosLab();
const DISKS = 5_000;

/** Puts the disks of many VMs of another user on the host. */
function fill(): void {
  lab.fake.change(({ datasets }) => {
    const image = `rpool/vmctl/images/${'5'.repeat(64)}`;
    const properties = { 'vmctl:source': '/home/alice/.cache/vmctl/images/noble.img' };
    datasets[image] = { type: 'volume', volsize: 2 ** 31, properties };
    for (let number = 1; number <= DISKS; number += 1) {
      const vm = `worker-${number}`;
      datasets[`rpool/vmctl/vms/${vm}`] = {
        type: 'volume',
        volsize: 20 * 2 ** 30,
        origin: `${image}@base`,
        properties: {
          'vmctl:id': `propolis-00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
          'vmctl:source': `/home/alice/.local/share/vmctl/vms/${vm}`,
        },
      };
    }
  });
}

describe('a host with thousands of volumes', () => {
  it('is listed whole, although the list is longer than what is kept of an output', async () => {
    fill();
    const host = createRealHost({ directory: lab.root, env: lab.programs.env });
    const { exec } = host;
    let bytes = 0;
    const commands = createIllumosCommands({
      ...host,
      exec: (file, args, { onStdout, ...options } = {}) =>
        exec(file, args, {
          ...options,
          onStdout: (chunk) => {
            bytes += chunk.length;
            return onStdout?.(chunk);
          },
        }),
    });
    const volumes = await commands.listVolumes();
    expect(bytes).toBeGreaterThan(1024 * 1024);
    expect(volumes).toHaveLength(DISKS + 1);
    expect(volumes.at(1)).toMatchObject({ name: 'rpool/vmctl/vms/worker-1', size: 20 * 2 ** 30 });
    expect(volumes.at(-1)?.source).toBe(`/home/alice/.local/share/vmctl/vms/worker-${DISKS}`);
  });

  it('is not listed for the life of one VM: its datasets are asked for by name', async () => {
    const vm = await lab.running();
    const stopped = await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
    expect((await lab.backend().state(stopped, contextOf())).name).toBe('stopped');
    const again = await lab.backend().start(stopped, contextOf());
    expect(await lab.backend().inspect(again, contextOf())).toMatchObject({ problems: [] });
    await lab.backend().destroy(again, contextOf());
    const lists = lab.fake.commands.filter((line) => /^zfs list .*-t (?:filesystem,)?volume/.test(line));
    expect(lists.length).toBeGreaterThan(4);
    expect(lists.filter((line) => !/ rpool\/vmctl\/(?:vms|images)\/\w+$/.test(line))).toEqual([]);
  });
});

it('a disk that was renamed is found by its tag, and goes with the VM', async () => {
  const vm = await lab.running();
  const stopped = await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
  lab.fake.change(({ datasets }) => {
    const { 'rpool/vmctl/vms/web': disk } = datasets;
    if (disk === undefined) throw new Error('it has a disk');
    datasets['rpool/kept/web'] = disk;
    // Another has its name by now.
    datasets['rpool/vmctl/vms/web'] = { ...disk, properties: {} };
  });
  expect((await lab.backend().state(stopped, contextOf())).name).toBe('stopped');
  await lab.backend().destroy(stopped, contextOf());
  expect(lab.fake.state.datasets['rpool/kept/web']).toBeUndefined();
  expect(lab.fake.state.datasets['rpool/vmctl/vms/web']).toBeDefined();
});
