import { VmctlError } from '../errors/vmctl-error.js';
import { createPorts } from '../host/ports.js';
import type { HypervisorContext, PortForward, VmHandle } from '../hypervisor/contract.js';
import { requireVms } from './each-vm.js';
import { type ForwardPattern, forwardText } from './forward-text.js';
import type { Runtime } from './runtime.js';
import { underVmLock } from './under-vm-lock.js';

interface ChangeOptions {
  readonly name: string;
  /** False: fail at once when another command works on the VM. Default true. */
  readonly wait?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AddForwardOptions extends ChangeOptions {
  /** Host port 0: any free one. */
  readonly forward: PortForward;
}

export interface RemoveForwardOptions extends ChangeOptions {
  readonly forward: ForwardPattern;
}

/** What became of a forward. */
export interface ForwardChange {
  readonly vm: string;
  readonly forward: PortForward;
  /** False when it was there already. */
  readonly changed: boolean;
  /** Whether it counts now; else from the next start on. */
  readonly live: boolean;
  /** Whether it was not added by hand: the VMFile decides about it when `up` starts the VM. */
  readonly declared: boolean;
}

/**
 * Lets a port of the host lead to a VM: at once when it runs, and from its next start on. One that is there already
 * stays as it is.
 *
 * @throws VMCTL_VM_UNKNOWN
 * @throws VMCTL_PORT_TAKEN when the host port leads elsewhere, or another program has it
 * @throws VMCTL_BACKEND_UNSUPPORTED when the backend or the VM's network cannot do it
 */
export async function addForward(runtime: Runtime, options: AddForwardOptions): Promise<ForwardChange> {
  const { forward: wanted } = options;
  return changeForwards(runtime, options, 'forward add', async ({ handle, forwards, added, live }) => {
    const same = forwards.find(
      ({ address, host, guest }) =>
        address === wanted.address && guest === wanted.guest && (host === wanted.host || wanted.host === 0),
    );
    if (same !== undefined) return { forward: same, changed: false, forwards, added };
    await refuseTaken(handle, wanted, live);
    const host = wanted.host === 0 ? await createPorts().free(wanted.address) : wanted.host;
    const forward = { ...wanted, host };
    return { forward, changed: true, forwards: [...forwards, forward], added: [...added, forward] };
  });
}

/**
 * Takes a forward away. Connections that go through it stay until they end.
 *
 * @throws VMCTL_VM_UNKNOWN
 * @throws VMCTL_FORWARD_UNKNOWN when the VM has no such forward
 * @throws VMCTL_BACKEND_UNSUPPORTED when the backend cannot do it
 */
export async function removeForward(runtime: Runtime, options: RemoveForwardOptions): Promise<ForwardChange> {
  const { address, host, guest } = options.forward;
  return changeForwards(runtime, options, 'forward remove', async ({ handle, forwards, added }) => {
    const forward = forwards.find(
      (each) =>
        each.host === host &&
        (address === undefined || each.address === address) &&
        (guest === undefined || each.guest === guest),
    );
    if (forward === undefined) throw unknownForward(handle, options.forward);
    const without = (all: readonly PortForward[]): PortForward[] =>
      all.filter((each) => !isSamePort(each, forward));
    return { forward, changed: true, forwards: without(forwards), added: without(added) };
  });
}

interface Now {
  readonly handle: VmHandle;
  readonly forwards: readonly PortForward[];
  readonly added: readonly PortForward[];
  readonly live: boolean;
}

interface Next {
  readonly forward: PortForward;
  readonly changed: boolean;
  readonly forwards: readonly PortForward[];
  readonly added: readonly PortForward[];
}

/** Decides under the VM's lock, and carries it out. */
async function changeForwards(
  runtime: Runtime,
  { name, wait = true, signal = new AbortController().signal }: ChangeOptions,
  operation: string,
  decide: (now: Now) => Promise<Next>,
): Promise<ForwardChange> {
  await requireVms(runtime, [name]);
  return underVmLock(runtime, name, { operation, wait, signal }, () =>
    change(runtime, name, runtime.hypervisorContext(signal), decide),
  );
}

async function change(
  runtime: Runtime,
  name: string,
  context: HypervisorContext,
  decide: (now: Now) => Promise<Next>,
): Promise<ForwardChange> {
  const [handle] = await requireVms(runtime, [name]);
  if (handle === undefined) throw new VmctlError('VMCTL_INTERNAL', { message: 'No VM was looked up.' });
  const { name: state } = await runtime.router.state(handle, context);
  const live = state === 'running' || state === 'suspended';
  const { forwards = [], added_forwards: added = [] } = handle;
  const next = await decide({ handle, forwards, added, live });
  // Also without a change: a vmctl that was killed may have done half of it.
  const changed = await runtime.router.setForwards(handle, next.forwards, context);
  await runtime.registry.update(name, (current) => ({ ...current, ...changed, added_forwards: next.added }));
  const isAdded = [...added, ...next.added].some((each) => isSamePort(each, next.forward));
  return { vm: name, forward: next.forward, changed: next.changed, live, declared: !isAdded };
}

async function refuseTaken(handle: VmHandle, wanted: PortForward, live: boolean): Promise<void> {
  if (wanted.host === 0) return;
  const ssh = { address: '127.0.0.1', host: handle.ssh_host_port ?? 0, guest: 22 };
  const other = [ssh, ...(handle.forwards ?? [])].find((each) => overlaps(each, wanted));
  if (other !== undefined) {
    throw new VmctlError('VMCTL_PORT_TAKEN', {
      message: `Port ${wanted.host} leads to port ${other.guest} of ${handle.name} already: ${forwardText(other)}`,
      hint: `Use another port (0 takes any free one)${other === ssh ? '' : `, or remove that one: vmctl forward remove ${handle.name} ${other.host}`}.`,
      details: { vm: handle.name, port: wanted.host },
    });
  }
  // The backend of a running VM finds it out by itself.
  if (!live && !(await createPorts().isFree(wanted.host, wanted.address))) {
    throw new VmctlError('VMCTL_PORT_TAKEN', {
      message: `Port ${wanted.host} of ${wanted.address} is taken by another program.`,
      hint: `Use another port (0 takes any free one), or end what listens there: ss -ltnp 'sport = :${wanted.host}'`,
      details: { vm: handle.name, port: wanted.host },
    });
  }
}

function unknownForward(handle: VmHandle, { host }: ForwardPattern): VmctlError {
  const { name, forwards = [], ssh_host_port: ssh } = handle;
  return new VmctlError('VMCTL_FORWARD_UNKNOWN', {
    message:
      host === ssh
        ? `Port ${host} leads to the SSH server of ${name}; vmctl itself needs it.`
        : `${name} has no such forward of port ${host}.`,
    hint:
      forwards.length === 0
        ? 'It has none.'
        : `It has: ${forwards.map(forwardText).join(', ')}. See vmctl port.`,
    details: { vm: name, port: host },
  });
}

function isSamePort(a: PortForward, b: PortForward): boolean {
  return a.host === b.host && a.address === b.address;
}

/** Two servers cannot have the same port of one address, and 0.0.0.0 is every one. */
function overlaps(a: PortForward, b: PortForward): boolean {
  return a.host === b.host && (a.address === b.address || [a.address, b.address].includes('0.0.0.0'));
}
