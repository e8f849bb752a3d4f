import type { SshAccess } from '../guest/contract.js';
import { sshAccess, sshConfigBlock } from '../guest/ssh-command.js';
import type { VmHandle } from '../hypervisor/contract.js';
import { requireVms } from './each-vm.js';
import { sshCommandOptions, unreachable } from './guest-login.js';
import type { Runtime } from './runtime.js';

export interface SshConfigOptions {
  /** Default: every VM that has an address. */
  readonly names?: readonly string[] | undefined;
  /**
   * Whether each VM gets its plain name as an alias, too, beside `vmctl-NAME`. Default true. Where the text is read for
   * all connections, it would hide another host of that name.
   */
  readonly plainNames?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How one VM stands in the configuration. */
export interface SshConfigHost extends Omit<SshAccess, 'settings'> {
  readonly vm: string;
  /** What it can be called. */
  readonly aliases: readonly string[];
}

export interface SshConfig {
  readonly hosts: readonly SshConfigHost[];
  /** VMs that were not named and have no address, with the reason. */
  readonly leftOut: readonly { readonly vm: string; readonly reason: string }[];
  /** For OpenSSH, as ssh_config(5) has it. */
  readonly text: string;
}

/**
 * The configuration with which `ssh`, `scp`, `rsync`, `ansible` and editors reach VMs by name. A VM need not run: what
 * is known of its address and its key is enough.
 *
 * @throws VMCTL_VM_UNKNOWN
 * @throws VMCTL_GUEST_UNREACHABLE for a VM that was named and has no address
 */
export async function sshConfig(runtime: Runtime, options: SshConfigOptions = {}): Promise<SshConfig> {
  const { names = [], plainNames = true } = options;
  const context = runtime.hypervisorContext(options.signal ?? new AbortController().signal);
  const handles = await chosen(runtime, names);
  const hosts: SshConfigHost[] = [];
  const blocks: string[] = [];
  const leftOut: { vm: string; reason: string }[] = [];
  for (const handle of handles) {
    const address = await runtime.router.guestAddress(handle, context);
    if (address.kind === 'none') {
      if (names.length > 0) throw unreachable(handle, address.reason);
      leftOut.push({ vm: handle.name, reason: address.reason });
      continue;
    }
    const login = await sshCommandOptions(runtime, { handle, address });
    const { settings: _, ...access } = sshAccess(login);
    const own = `vmctl-${handle.name}`;
    const aliases = plainNames ? [handle.name, own] : [own];
    hosts.push({ vm: handle.name, aliases, ...access });
    blocks.push(sshConfigBlock(aliases, login));
  }
  return { hosts, leftOut, text: `${[HEADER, ...blocks].join('\n\n')}\n` };
}

const HEADER =
  '# Written by vmctl ssh-config. A VM may get another port when it starts: then write it again.';

async function chosen(runtime: Runtime, names: readonly string[]): Promise<readonly VmHandle[]> {
  if (names.length > 0) return requireVms(runtime, [...new Set(names)]);
  return runtime.registry.list();
}
