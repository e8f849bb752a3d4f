import { describe, expect, it } from '@jest/globals';
import { servesWorkDir } from '../../src/vm-process.js';

describe('servesWorkDir', () => {
  const QEMU = '/usr/bin/qemu-system-x86_64';

  it.each<[string, readonly string[], boolean]>([
    ['our QEMU', [QEMU, '-name', 'web', '-pidfile', '/vms/web/pidfile'], true],
    ['the QEMU of the original tool', [QEMU, '-pidfile', '/vms/web/qemu.pid'], true],
    ['a QEMU under another name', ['/opt/my-emulator', '-pidfile', '/vms/web/pidfile'], true],
    ['a QEMU without a pidfile', [QEMU, '-drive', 'if=virtio,file=/vms/web/overlay.qcow2'], true],
    ['a QEMU whose socket is there', ['qemu-system-x86_64', '-qmp', 'unix:/vms/web/qmp.sock,server'], true],
    ['the QEMU of a VM with a longer name', [QEMU, '-pidfile', '/vms/web2/pidfile'], false],
    ['the QEMU of a VM with a longer name, without a pidfile', [QEMU, '-drive', 'file=/vms/web2/d'], false],
    [
      'a QEMU that only uses a file of it',
      [QEMU, '-pidfile', '/x/pid', '-cdrom', '/vms/web/seed.iso'],
      false,
    ],
    ['a reader of its log', ['tail', '-f', '/vms/web/console.log'], false],
    ['qemu-img on its disk', ['qemu-img', 'info', '/vms/web/overlay.qcow2'], false],
    ['nothing', [], false],
  ])('knows %s', (_, args, expected) => {
    expect(servesWorkDir(args, '/vms/web')).toBe(expected);
  });

  it('sees through escaped commas', () => {
    expect(servesWorkDir([QEMU, '-drive', 'file=/a,,b/web/overlay.qcow2,if=none'], '/a,b/web')).toBe(true);
  });
});
