import type { PluginHost, PortForward, VmHandle } from '@vmctl/core/plugin';
import type { QmpClient } from './qmp-client.js';
import { forwardRule } from './qemu-arguments.js';

/** Longer than any of these commands takes. */
const TIMEOUT_MS = 10_000;

/**
 * Makes these the forwards of a QEMU that runs. What it has is looked at, not remembered: a vmctl that was killed may
 * have left more or less. There is no QMP command for this; the human monitor has it (QEMU: docs/system/monitor), where
 * success is silence, or a sentence.
 *
 * Aborts do not reach in here: a change that has begun is finished, or undone.
 *
 * @throws VMCTL_PORT_TAKEN when a port cannot be used; then everything is as before
 */
export async function changeForwards(
  host: Pick<PluginHost, 'error'>,
  monitor: Pick<QmpClient, 'execute'>,
  vm: VmHandle,
  wanted: readonly PortForward[],
): Promise<void> {
  const run = async (line: string): Promise<string> => {
    const said = await monitor.execute(
      'human-monitor-command',
      { 'command-line': line },
      { timeoutMs: TIMEOUT_MS },
    );
    return typeof said === 'string' ? said.trim() : '';
  };
  const add = (forward: PortForward): Promise<string> => run(`hostfwd_add ${forwardRule(forward)}`);
  const remove = ({ address, host: port }: PortForward): Promise<string> =>
    run(`hostfwd_remove tcp:${address}:${port}`);

  const present = readForwards(await run('info usernet')).filter((forward) => !leadsToSsh(vm, forward));
  const surplus = present.filter((forward) => !wanted.some((other) => isSame(other, forward)));
  const missing = wanted.filter((forward) => !present.some((other) => isSame(other, forward)));
  for (const forward of surplus) await remove(forward);
  const added: PortForward[] = [];
  for (const forward of missing) {
    const said = await add(forward);
    if (said === '') {
      added.push(forward);
      continue;
    }
    for (const each of added) await remove(each);
    for (const each of surplus) await add(each);
    throw portTaken(host, vm, forward, said);
  }
}

/**
 * The forwards in the answer to `info usernet`; every address of the host is shown as an asterisk.
 *
 * `  TCP[HOST_FORWARD]   8       127.0.0.1 28181       10.0.2.15    80     0     0`
 */
export function readForwards(text: string): PortForward[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*TCP\[HOST_FORWARD\]\s+\d+\s+(\S+)\s+(\d+)\s+\S+\s+(\d+)\s/.exec(`${line} `);
    if (match === null) return [];
    const [, address = '', host, guest] = match;
    return [{ address: address === '*' ? '0.0.0.0' : address, host: Number(host), guest: Number(guest) }];
  });
}

function leadsToSsh({ ssh_host_port: port }: VmHandle, { host, guest, address }: PortForward): boolean {
  return host === port && guest === 22 && address === '127.0.0.1';
}

function isSame(a: PortForward, b: PortForward): boolean {
  return a.address === b.address && a.host === b.host && a.guest === b.guest;
}

function portTaken(
  host: Pick<PluginHost, 'error'>,
  vm: VmHandle,
  { address, host: port, guest }: PortForward,
  said: string,
): Error {
  const privileged = port < 1024 && process.getuid?.() !== 0;
  return host.error('VMCTL_PORT_TAKEN', {
    message: privileged
      ? `Port ${port} of ${address} cannot lead to port ${guest} of ${vm.name}: ports below 1024 are root's.`
      : `Port ${port} of ${address} cannot lead to port ${guest} of ${vm.name}: another program has it, or the host has no such address.`,
    hint: privileged
      ? 'Use a higher port: 8080:80'
      : `Use another port (0 takes any free one), or end what listens there: ss -ltnp 'sport = :${port}'`,
    details: { vm: vm.name, address, port, guestPort: guest, qemu: said },
  });
}
