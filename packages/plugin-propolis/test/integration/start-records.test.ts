import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { contextOf, useIllumosLab } from '../support/illumos-lab.js';
import { until } from '../support/until.js';

const lab = useIllumosLab();
const DISK = 'rpool/vmctl/vms/web';

function vnics(): string[] {
  return Object.keys(lab.fake.state.vnics);
}

it('where a server will be is written down before it is started: whatever a kill leaves is found', async () => {
  const vm = await lab.prepared();
  const seen = join(lab.root, 'seen.json');
  const server = await lab.serverThat(
    `cp ../propolis.json ${seen}.new && mv ${seen}.new ${seen}`,
    'exec propolis-server "$@"',
  );
  const { files } = lab.host();
  const writeAtomic: typeof files.writeAtomic = async (path, content) => {
    // The server looks before vmctl writes down which process it is.
    if (String(content).includes('"startTime": "')) await until('the server', () => existsSync(seen));
    await files.writeAtomic(path, content);
  };
  const backend = lab.backend(
    {},
    { env: { VMCTL_PROPOLIS_SERVER: server }, files: { ...files, writeAtomic } },
  );
  const started = await backend.start(vm, contextOf());
  const run = { port: started['propolis_port'], directory: join(vm.work_dir, 'run-1'), pid: null };
  expect(JSON.parse(await readFile(seen, 'utf8'))).toMatchObject({ booted: false, run });
});

it('the disk of a guest that has run is kept by a start that fails, although vms.json does not know that it has', async () => {
  const vm = await lab.prepared();
  await lab.backend().start(vm, contextOf());
  await writeFile(lab.fake.device(DISK), 'what the guest has written');
  await lab.tell(vm, 'power-off');
  expect((await lab.backend().state(vm, contextOf())).name).toBe('stopped');
  const env = { FAKE_PROPOLIS_FAULTS: JSON.stringify([{ step: 'run' }]) };
  await expect(lab.backend({}, { env }).start(vm, contextOf())).rejects.toThrow();
  expect(await readFile(lab.fake.device(DISK), 'utf8')).toBe('what the guest has written');
});

it('the VNIC is that which the VM is to have now; the one that it had is taken away', async () => {
  const stopped = async (
    network: { readonly type: 'vnic'; readonly name?: string } | { readonly type: 'none' },
  ) => {
    const started = await lab.backend().start({ ...vm, network }, contextOf());
    return lab.backend().stop(started, { timeoutMs: 0 }, contextOf());
  };
  let vm = await lab.prepared();
  vm = await stopped({ type: 'vnic', name: 'web0' });
  expect(vnics()).toEqual(['web0']);
  expect(vm.mac_addr).toBe(lab.fake.state.vnics['web0']?.mac);
  vm = await stopped({ type: 'none' });
  expect(vnics()).toEqual([]);
  expect(vm.mac_addr).toBeNull();
});
