import { connect } from 'node:net';
import { once } from 'node:events';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { describeWith } from '../support/requirements.js';
import { createContext } from '../support/plugin-host.js';
import { until } from '../support/until.js';
import { consoleLog, filesIn, saidHello, useVmLab } from '../support/vm-lab.js';

describeWith(['qemu'], 'a work directory', () => {
  const lab = useVmLab();

  it.each([
    ['with a path of 300 bytes', 'x'.repeat(150) + '/' + 'y'.repeat(150)],
    ['with commas, blanks and quotes in its path', `a, b,,c=d 'e' "f" ü, file=x`],
    ['whose name starts like an option', '-drive file=x'],
  ])('%s is as good as any', async (_, part) => {
    const workDir = join(lab.root, part, 'web');
    const vm = await lab.running('web', 'attentive', { workDir });
    const ctx = createContext();
    const backend = lab.backend();
    expect((await backend.state(vm, ctx)).name).toBe('running');
    await backend.suspend(vm, ctx);
    await backend.resume(vm, ctx);
    expect(await filesIn(workDir)).toEqual([
      'console.log',
      'console.sock',
      'overlay.qcow2',
      'pidfile',
      'qmp.sock',
      'seed.iso',
    ]);
    await backend.stop(vm, { timeoutMs: 60_000 }, ctx);
    await backend.destroy(vm, ctx);
    expect(await filesIn(workDir)).toEqual(['seed.iso']);
  });

  it('has a console that one can listen to', async () => {
    const vm = await lab.running();
    const endpoint = lab.backend().console(vm);
    if (endpoint.kind !== 'unix-socket') throw new Error('no socket');
    const socket = connect(await lab.host().sockets.shortPath(endpoint.path));
    let heard = '';
    socket.on('data', (chunk) => (heard += String(chunk)));
    await once(socket, 'connect');
    await until('ticks on the console', () => heard.includes('...'));
    socket.destroy();
  });

  it('has the boot messages of the firmware in console.log', async () => {
    const vm = await lab.running();
    expect(await consoleLog(vm)).toContain('SeaBIOS');
  });

  it('may be reached through a symbolic link, now and later', async () => {
    const real = join(lab.root, 'real');
    await mkdir(real);
    await symlink(real, join(lab.root, 'link'));
    const vm = await lab.running('web', 'attentive', { workDir: join(lab.root, 'link', 'web') });
    expect((await lab.backend().state({ ...vm, pid: null }, createContext())).pid).toBe(vm.pid);
    await saidHello(vm);
  });
});
