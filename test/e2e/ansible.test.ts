import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { itWith } from '../../packages/core/test/support/programs.js';
import { ExampleProject } from '../support/example-project.js';
import { guestImage } from '../support/guest-image.js';
import { VmctlHome } from '../support/vmctl-home.js';

const MINUTE = 60_000;
/** Software emulation on two slow cores, with Python in the guest. */
const BOOT_AND_PLAY = 12 * MINUTE;

let example: ExampleProject;
let home: VmctlHome;

beforeAll(async () => {
  example = await ExampleProject.create('provisioner-ansible');
  await example.npm('run', 'build');
  home = await VmctlHome.create({ plugins: ['plugin-qemu'] });
  const linked = await home.vmctl('plugins', 'link', example.directory);
  if (linked.code !== 0) throw new Error(linked.stderr);
  await home.write(`
    vm "web" {
        image "${await guestImage()}"
        memory 512
        cloud-init
        ssh { timeout 400 }
        provision "ansible" name="site" {
            playbook "site.yml"
            groups "servers"
            extra-vars { greeting "hello" }
        }
    }
  `);
  await home.write(
    `- hosts: servers
  become: true
  tasks:
    - copy:
        content: "{{ greeting }} from {{ ansible_facts.hostname }}, {{ ansible_facts.distribution }}\\n"
        dest: /etc/motd
        mode: "0644"
`,
    'site.yml',
  );
}, BOOT_AND_PLAY);

afterAll(async () => {
  await home?.remove();
  await example?.remove();
}, MINUTE);

describe('the example provisioner ansible with a real guest', () => {
  itWith('ansible-playbook')(
    'plays a playbook as root in a guest whose address, key and host key it learns from vmctl',
    async () => {
      const up = await home.vmctl('up');
      expect(up).toMatchObject({ code: 0 });
      expect(up.stdout).toMatch(/web +: ok=2 +changed=1 /);
      const { stdout } = await home.vmctl('ssh', 'web', '--', 'stat -c %U /etc/motd && cat /etc/motd');
      expect(stdout).toBe('root\nhello from web, Debian\n');
    },
    BOOT_AND_PLAY,
  );
});
