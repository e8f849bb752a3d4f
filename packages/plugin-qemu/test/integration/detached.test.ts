import { expect, it } from '@jest/globals';
import { describeWith } from '../support/requirements.js';
import { Child } from '../../../core/test/support/child.js';
import { createContext } from '../support/plugin-host.js';
import { until } from '../support/until.js';
import { consoleLog, saidHello, useVmLab } from '../support/vm-lab.js';

describeWith(['qemu'], 'a VM and the vmctl that has started it', () => {
  const lab = useVmLab();
  const script = new URL('../support/start-and-leave.ts', import.meta.url);

  it('part: vmctl ends by itself, and the VM goes on', async () => {
    const prepared = await lab.prepared();
    const child = new Child(script, [lab.root, JSON.stringify(prepared)]);
    const vm = JSON.parse(await child.line());
    expect(await child.exit()).toBe(0);
    await saidHello(vm);
    const then = (await consoleLog(vm)).length;
    await until('more ticks', async () => (await consoleLog(vm)).length > then);
    expect(await lab.backend().state(vm, createContext())).toEqual({ name: 'running', pid: vm.pid });
  });

  it('part also when vmctl is killed, at whatever moment: the next one finds the VM or starts it', async () => {
    const prepared = await lab.prepared();
    const once = new Child(script, [lab.root, JSON.stringify(prepared)]);
    const before = performance.now();
    await once.line();
    const whole = performance.now() - before;
    await once.exit();
    await lab.backend().stop(prepared, { timeoutMs: 0 }, createContext());
    for (const part of [0.6, 0.7, 0.8, 0.85, 0.9, 0.95]) {
      const child = new Child(script, [lab.root, JSON.stringify(prepared)]);
      const timer = setTimeout(() => child.process.kill('SIGKILL'), whole * part);
      await child.exit();
      clearTimeout(timer);
      const vm = await lab.backend().start(prepared, createContext());
      expect((await lab.backend().state(vm, createContext())).name).toBe('running');
      await lab.backend().stop(vm, { timeoutMs: 0 }, createContext());
      expect(await lab.process(vm)).toBeUndefined();
    }
  });
});
