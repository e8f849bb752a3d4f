import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import { errnoOf } from './fs-error.js';

/** TCP ports of this host. */
export interface Ports {
  /**
   * A port that is free now on that address (default 127.0.0.1), and that this process did not hand out before.
   * Somebody may take it before it is used; the one who uses it has to be ready for that.
   *
   * @throws VMCTL_NO_FREE_PORT
   */
  free(address?: string): Promise<number>;
  /**
   * Whether a server could be started there now.
   *
   * @throws VMCTL_ADDRESS_UNUSABLE when the port is not the trouble: no such address, or a port for root alone
   */
  isFree(port: number, address?: string): Promise<boolean>;
}

/** A range of ports, both ends included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

const LOOPBACK = '127.0.0.1';
/** Below it are the ports of services that have names. */
const LOWEST = 20_000;
const HIGHEST = 65_535;
const ATTEMPTS = 200;

/** Shared by all tables of this process: two of them must not hand out the same port. */
const handedOut = new Set<number>();

/**
 * Ports for VMs.
 *
 * A port is drawn at random, since several vmctl processes may look at the same time, and asking the kernel for
 * "any" port gives two of them the same one when neither has begun to listen. It comes from outside of the range from
 * which the kernel serves outgoing connections, because between choice and use (QEMU starts in between, and a
 * stopped VM keeps its number for weeks) any outgoing connection could take it.
 */
export function createPorts(): Ports {
  return { free, isFree };
}

async function free(address = LOOPBACK): Promise<number> {
  const ranges = candidateRanges(await ephemeralRange());
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = drawPort(ranges);
    if (handedOut.has(port)) continue;
    // Before the check, which is a moment in which another call could draw the same one.
    handedOut.add(port);
    if (await isFree(port, address)) return port;
    handedOut.delete(port);
  }
  throw new VmctlError('VMCTL_NO_FREE_PORT', {
    message: `No free TCP port was found on ${address} in ${ATTEMPTS} attempts.`,
    hint: 'See what listens: ss -ltn',
    details: { address },
  });
}

function isFree(port: number, address = LOOPBACK): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (errnoOf(error) === 'EADDRINUSE') resolve(false);
      else reject(unusable(error, port, address));
    });
    server.listen({ port, host: address, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

function unusable(error: unknown, port: number, address: string): VmctlError {
  const why =
    errnoOf(error) === 'EADDRNOTAVAIL'
      ? `this host has no address ${address}`
      : errnoOf(error) === 'EACCES'
        ? 'the port is reserved for root'
        : messageOf(error);
  return new VmctlError('VMCTL_ADDRESS_UNUSABLE', {
    message: `Port ${port} on ${address} cannot be used: ${why}.`,
    hint: errnoOf(error) === 'EACCES' ? 'Choose a port from 1024 on.' : undefined,
    cause: error,
    details: { port, address },
  });
}

/** The ports from {@link LOWEST} on without the ephemeral ones; all of them when that leaves next to none. */
export function candidateRanges(ephemeral: PortRange): readonly PortRange[] {
  const ranges = [
    { from: LOWEST, to: Math.min(ephemeral.from - 1, HIGHEST) },
    { from: Math.max(ephemeral.to + 1, LOWEST), to: HIGHEST },
  ].filter(({ from, to }) => to >= from);
  return countPorts(ranges) < 1000 ? [{ from: LOWEST, to: HIGHEST }] : ranges;
}

function countPorts(ranges: readonly PortRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}

function drawPort(ranges: readonly PortRange[]): number {
  let index = randomInt(countPorts(ranges));
  for (const { from, to } of ranges) {
    if (index <= to - from) return from + index;
    index -= to - from + 1;
  }
  throw new RangeError('no ports to draw from');
}

/** From where the kernel takes ports for outgoing connections; elsewhere than on Linux, what IANA says. */
async function ephemeralRange(): Promise<PortRange> {
  const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '');
  const [from, to] = text.trim().split(/\s+/).map(Number);
  if (from === undefined || to === undefined || !(from <= to)) return { from: 49_152, to: 65_535 };
  return { from, to };
}
