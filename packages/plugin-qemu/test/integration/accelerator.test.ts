import { expect, it } from '@jest/globals';
import { describeWith } from '../support/requirements.js';
import { AcceleratorProbe } from '../../src/accelerator.js';
import { tryBoot } from '../../src/boot-sector.js';
import { findQemu } from '../../src/qemu-binary.js';
import { createContext } from '../support/plugin-host.js';
import { saidHello, useVmLab } from '../support/vm-lab.js';

describeWith(['qemu'], 'the trial guest', () => {
  const lab = useVmLab();

  it('ends a real QEMU through the exit device', async () => {
    const host = lab.host();
    const { path: qemu } = await findQemu(host);
    expect(await tryBoot({ exec: host.exec, qemu, accelerator: 'tcg', timeoutMs: 30_000 })).toEqual({
      ran: true,
    });
  });

  it('tells when its time is over', async () => {
    const host = lab.host();
    const { path: qemu } = await findQemu(host);
    expect(await tryBoot({ exec: host.exec, qemu, accelerator: 'tcg', timeoutMs: 1 })).toEqual({
      ran: false,
      timedOut: true,
      why: expect.stringContaining('0.001 s'),
    });
  });

  it('decides for an accelerator with which VMs really run', async () => {
    const host = lab.host();
    const choice = await new AcceleratorProbe(host).choose(await findQemu(host));
    const vm = await lab.backend().start(await lab.prepared(), createContext());
    expect(vm['accelerator']).toBe(choice.name);
    await saidHello(vm);
  });
});
