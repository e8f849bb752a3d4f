import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { findFirmware } from '../../src/firmware.js';
import { createContext, makeError } from '../support/plugin-host.js';
import { describeWith } from '../support/requirements.js';
import { until } from '../support/until.js';
import { filesIn, useVmLab } from '../support/vm-lab.js';

describeWith(['qemu', 'ovmf'], 'a VM with UEFI', () => {
  const lab = useVmLab();

  it('has variables of its own, made from the template, kept over restarts', async () => {
    const vm = await lab.prepared('web', 'attentive', { firmware: 'uefi', memoryMb: 128 });
    expect(vm.uefi).toBe(true);
    expect(await filesIn(vm.work_dir)).toEqual(['efivars.fd', 'overlay.qcow2', 'seed.iso']);
    const ctx = createContext();
    const backend = lab.backend();
    const template = await readFile(join(vm.work_dir, 'efivars.fd'));
    const started = await backend.start(vm, ctx);
    await until('the firmware to write its variables', async () => {
      return !(await readFile(join(vm.work_dir, 'efivars.fd'))).equals(template);
    });
    const stopped = await backend.stop(started, { timeoutMs: 0 }, ctx);
    const written = await readFile(join(vm.work_dir, 'efivars.fd'));
    const again = await backend.start(stopped, ctx);
    expect((await backend.state(again, ctx)).name).toBe('running');
    await backend.stop(again, { timeoutMs: 0 }, ctx);
    expect(written.equals(template)).toBe(false);
    await backend.destroy(again, ctx);
    expect(await filesIn(vm.work_dir)).toEqual(['seed.iso']);
  });
});

describeWith(['ovmf'], 'findFirmware on this host', () => {
  it('finds a pair that belongs together', async () => {
    const { codePath, templatePath } = await findFirmware({ error: makeError });
    // Both are firmware volumes, whose headers have this mark.
    expect((await readFile(codePath)).subarray(40, 44).toString()).toBe('_FVH');
    expect((await readFile(templatePath)).subarray(40, 44).toString()).toBe('_FVH');
  });
});
