import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { guestImage } from '../support/guest-image.js';
import { Tmux } from '../support/tmux.js';
import { type CommandResult, repositoryRoot, VmctlHome } from '../support/vmctl-home.js';

const MINUTE = 60_000;
/** Against hanging only: software emulation on two slow cores that do other work as well. */
const BOOT = 16 * MINUTE;
/** Seconds that a guest may take to boot, for the commands themselves. */
const READY = '900';

let home: VmctlHome;
let image: string;

/** One guest for the verbs that start, stop and provision VMs; the tests go through its life, in this order. */
beforeAll(async () => {
  home = await VmctlHome.create({ plugins: ['plugin-qemu', 'plugin-provisioners'] });
  image = await guestImage();
  await home.write(vmFile());
}, BOOT);

afterAll(async () => {
  await home?.remove();
}, 5 * MINUTE);

function vmFile(): string {
  return `vm "web" {
    image "${image}"
    memory 512
    cloud-init
    ssh { timeout ${READY} }
    provision "shell" name="first" run="once" { inline "echo first >> steps" }
    provision "shell" name="second" { inline "echo second >> steps" }
    provision "shell" name="third" { inline "echo third >> steps" }
  }`;
}

/** Runs a command in the guest, which has to succeed. */
async function inGuest(command: string): Promise<string> {
  const { code, stdout, stderr } = await home.vmctl('ssh', 'web', '--', command);
  if (code !== 0) throw new Error(`${command} in the guest: exit ${code}\n${stdout}${stderr}`);
  return stdout;
}

async function state(): Promise<string | undefined> {
  const { vms } = (await home.json('list')) as { vms: { state: string }[] };
  return vms[0]?.state;
}

function expectSuccess({ code, stdout, stderr }: CommandResult, said: RegExp): void {
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: expect.stringMatching(said), stderr: '' });
}

describe('a real guest', () => {
  it(
    'comes up before the eyes of somebody at a terminal',
    async () => {
      const terminal = await Tmux.create({ cwd: home.project, env: home.env, columns: 100, rows: 30 });
      try {
        const vmctl = join(repositoryRoot, 'packages/core/bin/run.js');
        await terminal.type(`node ${vmctl} up; echo status=$?`);
        await terminal.shows(/^ {2}web {2}start {5}\S.* \d+\.\ds$/m, BOOT);
        const checks = 'the SSH port|the login|cloud-init';
        await terminal.shows(new RegExp(`^. web {2}ready {5}waiting for (${checks}) +\\S+s$`, 'm'), BOOT);
        await terminal.shows(/^status=\d+$/m, BOOT);
        const history = await terminal.history();
        expect(history).toMatch(/^✓ web is up and provisioned in .* vmctl ssh web\nstatus=0$/m);
        expect(history).toMatch(/^ {2}web {2}provision 3\/3 third done +\d+\.\ds$/m);
        // Nothing of what was shown meanwhile is left.
        expect(history).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]|waiting for/);
        expect(await terminal.modes()).toEqual({ isCursorShown: true, wraps: true });
      } finally {
        await terminal.end();
      }
    },
    BOOT,
  );

  it(
    'is ready after `up`',
    async () => {
      expectSuccess(await home.vmctl('wait', 'web', '--timeout', READY), /✓ web is ready/);
    },
    BOOT,
  );

  it(
    'runs the steps that are asked for',
    async () => {
      expectSuccess(await home.vmctl('provision', '--only', 'second'), /✓ web provisioned in /);
      expectSuccess(await home.vmctl('provision', '--from', 'second'), /✓ web provisioned in /);
      expectSuccess(await home.vmctl('provision'), /first skipped/);
      const ran = (await inGuest('cat steps')).trim().split('\n');
      const byUp = ['first', 'second', 'third'];
      expect(ran).toEqual([...byUp, 'second', 'second', 'third', 'second', 'third']);
    },
    BOOT,
  );

  it(
    'stands still while it is suspended, and goes on as it was',
    async () => {
      await inGuest('echo here > /dev/shm/in-memory');
      expectSuccess(await home.vmctl('suspend', 'web'), /✓ web suspended/);
      expect(await state()).toBe('suspended');
      expect(await home.vmctl('wait', 'web', '--for', 'running', '--timeout', '0')).toMatchObject({
        code: 1,
      });
      expectSuccess(await home.vmctl('resume', 'web'), /✓ web resumed/);
      expect(await inGuest('cat /dev/shm/in-memory')).toBe('here\n');
    },
    BOOT,
  );

  it(
    'boots anew with its disk when it is restarted',
    async () => {
      const before = await inGuest('cat /proc/sys/kernel/random/boot_id');
      const restarted = await home.vmctl('restart', 'web', '--timeout', '300');
      expectSuccess(restarted, /✓ web restarted in /);
      expect(restarted.stdout).not.toContain('by force');
      expectSuccess(await home.vmctl('wait', 'web', '--timeout', READY), /✓ web is ready/);
      expect(await inGuest('cat /proc/sys/kernel/random/boot_id')).not.toBe(before);
      expect(await inGuest('head -1 steps')).toBe('first\n');
      await expect(inGuest('cat /dev/shm/in-memory')).rejects.toThrow('No such file');
    },
    BOOT,
  );

  it(
    'is waited for until it has powered itself off',
    async () => {
      const waiting = home.start(['wait', 'web', '--for', 'stopped', '--timeout', READY]);
      await home.vmctl('ssh', 'web', '--', 'sudo systemctl poweroff');
      expectSuccess(await waiting.done, /✓ web stopped in /);
      expectSuccess(await home.vmctl('stop', 'web'), /✓ web was stopped already/);
    },
    BOOT,
  );

  it(
    'is started, and ended at once',
    async () => {
      expectSuccess(await home.vmctl('start', 'web'), /✓ web started in /);
      expectSuccess(await home.vmctl('wait', '--for', 'running'), /✓ web is running/);
      expectSuccess(await home.vmctl('stop', '--all', '--force'), /✓ web stopped in /);
      expect(await state()).toBe('stopped');
    },
    BOOT,
  );

  it(
    'is made anew, while another one is made from flags alone',
    async () => {
      expectSuccess(
        await home.vmctl('create', '--name', 'try', '--image', image, '--memory', '512', '--start'),
        /✓ try started in /,
      );
      const [reloaded, ready] = await Promise.all([
        home.vmctl('reload', '--no-provision'),
        home.vmctl('wait', 'try', '--timeout', READY),
      ]);
      expectSuccess(reloaded, /✓ web is up in /);
      expectSuccess(ready, /✓ try is ready/);
      await expect(inGuest('cat steps')).rejects.toThrow('No such file');
      expect(await home.vmctl('ssh', 'try', '--', 'hostname && sudo -n id -u')).toMatchObject({
        code: 0,
        stdout: 'try\n0\n',
      });
    },
    BOOT,
  );
});
