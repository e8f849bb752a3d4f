import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { guestImage } from '../support/guest-image.js';
import { VmctlHome } from '../support/vmctl-home.js';

const MINUTE = 60_000;

let home: VmctlHome;
let image: string;

/** A guest whose user-data makes no user, so that nobody can log in. */
function vmFile(timeout: number): string {
  return `vm "odd" {
    image "${image}"
    memory 512
    cloud-init { user-data "odd.yaml" }
    ssh { private-key "key"; timeout ${timeout} }
  }`;
}

beforeAll(async () => {
  image = await guestImage();
  home = await VmctlHome.create({ plugins: ['plugin-qemu', 'plugin-provisioners'] });
  await home.write('#cloud-config\nusers: []\nssh_pwauth: false\n', 'odd.yaml');
  await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', `${home.project}/key`]);
}, 5 * MINUTE);

afterAll(async () => {
  await home?.remove();
}, 5 * MINUTE);

async function sshPort(): Promise<number> {
  return Number((await home.registry())['odd']?.['ssh_host_port']);
}

/** Whether an SSH server greets on the forwarded port. */
async function greets(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    return await new Promise((resolve) => {
      socket.once('data', (data) => resolve(data.toString('latin1').startsWith('SSH-')));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.setTimeout(2000, () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

describe('a guest that cannot be worked with', () => {
  it(
    'is given up when its SSH server does not answer in time, with the check, the console and a hint',
    async () => {
      await home.write(vmFile(4));
      const { code, stdout } = await home.vmctl('up');
      expect(code).toBe(1);
      expect(stdout).toContain('✗ odd failed in ready');
      expect(stdout).toContain('"SSH port answers"');
      expect(stdout).toContain('ssh { timeout 300 }');
      expect((await home.vmctl('list')).stdout).toMatch(/odd +running \(unfinished\)/);
    },
    2 * MINUTE,
  );

  it(
    'is given up when nobody can log in, saying which user and key were tried',
    async () => {
      const port = await sshPort();
      const deadline = Date.now() + 14 * MINUTE;
      while (!(await greets(port))) {
        if (Date.now() > deadline) throw new Error('the guest did not boot');
        await sleep(500);
      }
      await home.write(vmFile(40));
      const { code, stdout } = await home.vmctl('up');
      expect(code).toBe(1);
      expect(stdout).toContain('"login works"');
      expect(stdout).toContain(`${home.project}/key`);
      expect(stdout).toMatch(/Try: .*user/);
    },
    16 * MINUTE,
  );

  it(
    'is reported at once when QEMU dies while it is waited for, and is stopped then',
    async () => {
      await home.write(vmFile(300));
      const running = home.start(['up', '--json']);
      // Killed before, it would be started again.
      await running.output(/"SSH port answers"/);
      process.kill(Number((await home.registry())['odd']?.['pid']), 'SIGKILL');
      const { code, stdout } = await running.done;
      expect(code).toBe(1);
      expect(stdout).toContain('VMCTL_GUEST_STOPPED');
      expect((await home.vmctl('list')).stdout).toMatch(/odd +stopped/);
    },
    2 * MINUTE,
  );

  it(
    'has a status while its QEMU hangs, which says so',
    async () => {
      expect(await home.vmctl('start', 'odd')).toMatchObject({ code: 0 });
      const pid = Number((await home.registry())['odd']?.['pid']);
      process.kill(pid, 'SIGSTOP');
      try {
        const { vms } = (await home.json('status', 'odd')) as { vms: unknown[] };
        expect(vms).toMatchObject([
          { state: 'running', live: { problems: [expect.stringContaining('QEMU did not answer within')] } },
        ]);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    },
    2 * MINUTE,
  );

  it(
    'is told of in the events when its QEMU dies without a command',
    async () => {
      const watching = home.start(['events', 'odd', '--since', '1h']);
      // Only what follows is a change.
      expect(await home.vmctl('restart', 'odd', '--force')).toMatchObject({ code: 0 });
      await watching.output(/odd {2}restarted/);
      process.kill(Number((await home.registry())['odd']?.['pid']), 'SIGKILL');
      await watching.output(/odd {2}running -> stopped, without a command of vmctl/);
      watching.kill('SIGINT');
      expect(await watching.done).toMatchObject({ code: 0 });
    },
    2 * MINUTE,
  );
});
