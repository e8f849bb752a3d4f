import { expect, it } from '@jest/globals';
import { describeWith } from '../support/requirements.js';
import { QmpClient } from '../../src/qmp-client.js';
import { createContext, makeError } from '../support/plugin-host.js';
import { useVmLab } from '../support/vm-lab.js';

describeWith(['qemu'], 'QmpClient and a real QEMU', () => {
  const lab = useVmLab();

  it('agree on versions, replies, errors and events', async () => {
    const vm = await lab.running();
    await using monitor = await lab.monitor(vm);
    expect(monitor.version.major).toBeGreaterThanOrEqual(5);
    expect(await monitor.execute('query-status')).toMatchObject({ status: 'running', running: true });
    await expect(monitor.execute('no-such-command')).rejects.toMatchObject({
      code: 'VMCTL_QMP_COMMAND_FAILED',
      details: { class: 'CommandNotFound' },
    });
    await expect(monitor.execute('device_del', { id: 'nothing' })).rejects.toMatchObject({
      details: { class: 'DeviceNotFound' },
    });
    const events = monitor.events();
    await monitor.execute('stop');
    await monitor.execute('cont');
    expect((await events.next()).value.name).toBe('STOP');
    expect((await events.next()).value.name).toBe('RESUME');
  });

  it('can exchange the longest reply of all', async () => {
    const vm = await lab.running();
    await using monitor = await lab.monitor(vm);
    const schema = await monitor.execute('query-qmp-schema');
    expect(Array.isArray(schema) && schema.length).toBeGreaterThan(100);
  });

  it('take turns: one who comes later waits for the one before', async () => {
    const vm = await lab.running();
    const path = String(vm.qmp_socket);
    const first = await QmpClient.connect(path, { error: makeError });
    await expect(QmpClient.connect(path, { error: makeError, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'VMCTL_QMP_TIMEOUT',
    });
    const waiting = QmpClient.connect(path, { error: makeError });
    await first.close();
    await using second = await waiting;
    expect(await second.execute('query-name')).toEqual({ name: 'web' });
  });

  it('notice that QEMU ends', async () => {
    const vm = await lab.running();
    const monitor = await lab.monitor(vm);
    const events = monitor.events();
    await monitor.execute('quit');
    const names: string[] = [];
    for await (const { name } of events) names.push(name);
    expect(names).toContain('SHUTDOWN');
    await expect(monitor.execute('query-status')).rejects.toMatchObject({ code: 'VMCTL_QMP_DISCONNECTED' });
    await lab.backend().stop(vm, { timeoutMs: 0 }, createContext());
  });
});
