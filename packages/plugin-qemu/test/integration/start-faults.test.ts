import { createServer } from 'node:net';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { describeWith } from '../support/requirements.js';
import type { VmHandle } from '@vmctl/core/plugin';
import { createContext } from '../support/plugin-host.js';
import { qemuScript } from '../support/qemu-script.js';
import { filesIn, useVmLab } from '../support/vm-lab.js';

describeWith(['qemu'], 'a start that goes wrong', () => {
  const lab = useVmLab();

  /** No process, and nothing that a later command would take for one. */
  async function expectNothingLeft(vm: VmHandle): Promise<void> {
    expect(await lab.process(vm)).toBeUndefined();
    for (const file of ['qmp.sock', 'console.sock', 'pidfile']) {
      expect(await filesIn(vm.work_dir)).not.toContain(file);
    }
  }

  async function listener(port = 0): Promise<{ port: number; close(): Promise<void> }> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return {
      port: address.port,
      close: async () => {
        server.close();
        await once(server, 'close');
      },
    };
  }

  it('takes another port for SSH when somebody took the one that was chosen', async () => {
    const taken = await listener();
    try {
      const vm = await lab.prepared('web', 'attentive', { sshHostPort: taken.port });
      const ctx = createContext();
      const started = await lab.backend().start(vm, ctx);
      expect(started.ssh_host_port).not.toBe(taken.port);
      expect(ctx.seen).toContainEqual(
        expect.objectContaining({
          code: 'VMCTL_PORT_TAKEN',
          message: expect.stringContaining(String(started.ssh_host_port)),
        }),
      );
      expect((await lab.backend().state(started, ctx)).name).toBe('running');
    } finally {
      await taken.close();
    }
  });

  it('gives up on SSH ports after some, when every one is taken', async () => {
    const taken = await listener();
    try {
      const vm = await lab.prepared('web', 'attentive', { sshHostPort: taken.port });
      let asked = 0;
      const host = lab.host({}, { ports: { free: async () => ((asked += 1), taken.port) } });
      const { QemuBackend } = await import('../../src/qemu-backend.js');
      await expect(new QemuBackend(host).start(vm, createContext())).rejects.toMatchObject({
        code: 'VMCTL_PORT_TAKEN',
      });
      expect(asked).toBeLessThan(10);
      await expectNothingLeft(vm);
    } finally {
      await taken.close();
    }
  });

  it('names the port that the user wants and somebody else has', async () => {
    const taken = await listener();
    try {
      const vm = await lab.prepared('web', 'attentive', {
        forwards: [{ address: '127.0.0.1', host: taken.port, guest: 80 }],
      });
      await expect(lab.backend().start(vm, createContext())).rejects.toMatchObject({
        code: 'VMCTL_PORT_TAKEN',
        message: expect.stringContaining(`port ${taken.port} of 127.0.0.1`),
        details: { port: taken.port, guestPort: 80 },
      });
      await expectNothingLeft(vm);
    } finally {
      await taken.close();
    }
  });

  it('says that the base image is gone', async () => {
    const vm = await lab.prepared();
    await rm(String(vm.image_path));
    await expect(lab.backend().start(vm, createContext())).rejects.toMatchObject({
      code: 'VMCTL_QEMU_DISK_MISSING',
      message: expect.stringContaining(String(vm.image_path)),
    });
  });

  it('says that the disk is gone', async () => {
    const vm = await lab.prepared();
    await rm(String(vm.overlay_path));
    await expect(lab.backend().start(vm, createContext())).rejects.toMatchObject({
      code: 'VMCTL_QEMU_DISK_MISSING',
    });
  });

  it('shows what QEMU says about a damaged disk', async () => {
    const vm = await lab.prepared();
    await writeFile(String(vm.overlay_path), 'not a disk at all'.repeat(100));
    await expect(lab.backend().start(vm, createContext())).rejects.toMatchObject({
      code: 'VMCTL_QEMU_START_FAILED',
      message: expect.stringContaining('not in qcow2 format'),
      hint: expect.stringContaining('damaged'),
    });
    await expectNothingLeft(vm);
  });

  it('does not start a second QEMU on the disk of a running one', async () => {
    const vm = await lab.running();
    const other = await lab.prepared('other');
    await expect(
      lab.backend().start({ ...other, overlay_path: vm.overlay_path }, createContext()),
    ).rejects.toMatchObject({
      code: 'VMCTL_QEMU_START_FAILED',
      hint: expect.stringContaining('Another process uses the disk'),
    });
    await expectNothingLeft(other);
    expect((await lab.backend().state(vm, createContext())).name).toBe('running');
  });

  it('has a hint when there is no such bridge, or it may not be used', async () => {
    const vm = await lab.prepared('web', 'attentive', {
      network: { type: 'tap', bridge: 'no-such-br' },
      sshHostPort: undefined,
    });
    await expect(lab.backend().start(vm, createContext())).rejects.toMatchObject({
      code: 'VMCTL_QEMU_START_FAILED',
      hint: expect.stringContaining('no-such-br'),
    });
    await expectNothingLeft(vm);
  });

  it('shows the words and the exit code of a QEMU that fails', async () => {
    const vm = await lab.prepared();
    const qemu = await qemuScript(lab.root, `console.error('cannot do that, Dave'); process.exit(7);`);
    await expect(lab.backend({ VMCTL_QEMU: qemu }).start(vm, createContext())).rejects.toMatchObject({
      code: 'VMCTL_QEMU_START_FAILED',
      message: expect.stringMatching(/exit code 7:\n.*cannot do that, Dave/s),
    });
  });

  it('says where to look when QEMU ends in good order: the guest can have powered off at once', async () => {
    const vm = await lab.prepared();
    const qemu = await qemuScript(lab.root, '');
    await expect(lab.backend({ VMCTL_QEMU: qemu }).start(vm, createContext())).rejects.toMatchObject({
      code: 'VMCTL_QEMU_START_FAILED',
      message: expect.stringContaining('exit code 0'),
      hint: expect.stringContaining('vmctl log web --console'),
    });
    await expectNothingLeft(vm);
  });

  it('names the signal that ended a QEMU without a word', async () => {
    const vm = await lab.prepared();
    const qemu = await qemuScript(
      lab.root,
      `process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000);`,
    );
    await expect(lab.backend({ VMCTL_QEMU: qemu }).start(vm, createContext())).rejects.toMatchObject({
      code: 'VMCTL_QEMU_START_FAILED',
      message: expect.stringContaining('SIGSEGV'),
    });
  });

  it('says that a file is no program', async () => {
    const vm = await lab.prepared();
    const qemu = await qemuScript(lab.root, '');
    await writeFile(qemu, 'neither a script nor a program');
    await expect(lab.backend({ VMCTL_QEMU: qemu }).start(vm, createContext())).rejects.toMatchObject({
      code: 'VMCTL_QEMU_START_FAILED',
    });
  });

  it('says that QEMU is missing, before anything is made', async () => {
    const spec = await lab.spec();
    const missing = join(lab.root, 'no-qemu');
    await expect(lab.backend({ VMCTL_QEMU: missing }).prepare(spec, createContext())).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_MISSING',
      message: expect.stringContaining(missing),
    });
    expect(await filesIn(spec.workDir)).toEqual(['seed.iso']);
  });

  describe('with something that is no QEMU', () => {
    it.each([
      ['never opens a control socket', `setInterval(() => {}, 1000);`],
      ['ignores SIGTERM', `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`],
      [
        'leaves a child behind',
        `require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', ...args]); setInterval(() => {}, 1000);`,
      ],
      ['greets in silence', `net.createServer(() => {}).listen(qmpSocket);`],
      ['hangs up on everybody', `net.createServer((socket) => socket.destroy()).listen(qmpSocket);`],
      [
        'speaks rubbish',
        `net.createServer((socket) => socket.end('HTTP/1.1 200 OK\\r\\n\\r\\n')).listen(qmpSocket);`,
      ],
      [
        'floods the socket',
        `net.createServer((socket) => { const more = () => { while (socket.write('x'.repeat(65536))); socket.once('drain', more); }; socket.on('error', () => {}); more(); }).listen(qmpSocket);`,
      ],
    ])('that %s, it is ended and reported', async (_, body) => {
      const vm = await lab.prepared();
      const qemu = await qemuScript(
        lab.root,
        `fs.writeFileSync(valueOf('-pidfile'), String(process.pid)); console.error('starting'); ${body}`,
      );
      const backend = lab.backend({ VMCTL_QEMU: qemu, VMCTL_QEMU_ACCEL: 'tcg' }, { startDeadlineMs: 500 });
      await expect(backend.start(vm, createContext())).rejects.toMatchObject({
        code: 'VMCTL_QEMU_START_FAILED',
        message: expect.stringContaining('it was ended'),
      });
      await expectNothingLeft(vm);
    });
  });

  it('does not touch a disk that was there before prepare', async () => {
    const spec = await lab.spec();
    await writeFile(join(spec.workDir, 'overlay.qcow2'), 'precious');
    await expect(lab.backend().prepare(spec, createContext())).rejects.toMatchObject({
      code: 'VMCTL_DISK_EXISTS',
    });
    expect(await filesIn(spec.workDir)).toEqual(['overlay.qcow2', 'seed.iso']);
  });

  it.each([
    ['a network of illumos', { network: { type: 'vnic', name: 'vnic0' } }],
    [
      'a forward without user networking',
      { network: { type: 'none' }, forwards: [{ address: '127.0.0.1', host: 8080, guest: 80 }] },
    ],
    ['a forward of an IPv6 address', { forwards: [{ address: '::1', host: 8080, guest: 80 }] }],
  ] as const)('refuses %s before it does anything', async (_, changes) => {
    const spec = await lab.spec('web', 'attentive', changes);
    await expect(lab.backend().prepare(spec, createContext())).rejects.toMatchObject({
      code: 'VMCTL_BACKEND_UNSUPPORTED',
    });
    expect(await filesIn(spec.workDir)).toEqual(['seed.iso']);
  });
});
