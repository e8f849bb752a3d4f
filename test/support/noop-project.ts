import { join } from 'node:path';
import { startSshd, type Sshd } from '../../packages/core/test/support/sshd.js';
import { repositoryRoot, VmctlHome, type RunningCommand, type RunOptions } from './vmctl-home.js';

/** The smallest file that passes for a disk: a boot sector's signature and room. */
export function tinyDisk(): Uint8Array {
  const disk = Buffer.alloc(1024 * 1024);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

/** A project whose VMs use the noop backend, and a real sshd that plays their guest. */
export class NoopProject {
  readonly home: VmctlHome;
  readonly sshd: Sshd;

  private constructor(home: VmctlHome, sshd: Sshd) {
    this.home = home;
    this.sshd = sshd;
  }

  /** @param options - `plugins: 'none'` for what somebody has who has just installed vmctl; default: those of tests */
  static async create(options: { readonly plugins?: 'none' } = {}): Promise<NoopProject> {
    const sshd = await startSshd();
    let home: VmctlHome | undefined;
    try {
      const isBare = options.plugins === 'none';
      home = await VmctlHome.create({ plugins: isBare ? [] : ['plugin-provisioners'] });
      if (!isBare) {
        const pause = join(repositoryRoot, 'test/fixtures/plugin-pause');
        const { code, stderr } = await home.vmctl('plugins', 'link', pause);
        if (code !== 0) throw new Error(`plugins link ${pause} failed: ${stderr}`);
      }
      await home.write(tinyDisk(), 'disk.img');
      return new NoopProject(home, sshd);
    } catch (error) {
      await Promise.allSettled([home?.remove(), sshd.stop()]);
      throw error;
    }
  }

  /** A `vm` node that logs in to the sshd; `body` goes into it. */
  vm(name: string, body = ''): string {
    return `vm "${name}" {
      image "disk.img"
      backend "noop"
      ssh { user "${this.sshd.user}"; private-key "${this.sshd.identityPath}"; timeout 90 }
      ${body}
    }\n`;
  }

  get env(): Readonly<Record<string, string>> {
    return { VMCTL_NOOP_SSH: `127.0.0.1:${this.sshd.port}` };
  }

  start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    options: Pick<RunOptions, 'input' | 'cwd'> = {},
  ): RunningCommand {
    return this.home.start(args, { ...options, env: { ...this.env, ...env } });
  }

  vmctl(...args: readonly string[]) {
    return this.start(args).done;
  }

  async states(): Promise<Record<string, string>> {
    const { vms } = (await this.home.json('list')) as { vms: { name: string; state: string }[] };
    return Object.fromEntries(vms.map(({ name, state }) => [name, state]));
  }

  async remove(): Promise<void> {
    try {
      await this.home.remove();
    } finally {
      await this.sshd.stop();
    }
  }
}
