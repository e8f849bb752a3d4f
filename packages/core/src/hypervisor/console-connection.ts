import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import { errnoOf } from '../host/fs-error.js';
import { shortPath } from '../host/short-socket-path.js';
import type { ConsoleEndpoint } from './contract.js';

export interface ConnectConsoleOptions {
  /** The VM's name, for messages. */
  readonly vm: string;
  readonly signal: AbortSignal;
  /** Where short paths to sockets are made. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Opens a console that only its backend can. */
  readonly open: () => Promise<Duplex>;
}

/**
 * Connects to a serial console: what the guest writes can be read, what is written is the guest's input. It closes when
 * the VM ends. Whoever calls destroys it.
 *
 * This is the one place that knows the kinds of endpoint; another kind is another case here.
 *
 * @throws VMCTL_CONSOLE_UNSUPPORTED when the backend gives no console, or one that it cannot open itself
 * @throws VMCTL_CONSOLE_UNREACHABLE when nobody answers on a socket; what `open` throws
 */
export async function connectConsole(
  endpoint: ConsoleEndpoint,
  options: ConnectConsoleOptions,
): Promise<Duplex> {
  switch (endpoint.kind) {
    case 'unix-socket':
      return connectSocket(endpoint.path, options);
    case 'websocket':
      return options.open();
    case 'none':
      throw consoleUnsupported(options.vm, endpoint.reason);
  }
}

async function connectSocket(path: string, { vm, signal, env }: ConnectConsoleOptions): Promise<Duplex> {
  const socket = connect(await shortPath(path, { env }));
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw unreachable(vm, path, error);
  }
  return socket;
}

/** The error for a console that cannot be opened. */
export function consoleUnsupported(vm: string, reason: string): VmctlError {
  return new VmctlError('VMCTL_CONSOLE_UNSUPPORTED', {
    message: `The serial console of ${vm} cannot be opened: ${reason}.`,
    hint: `Log in over SSH: vmctl ssh ${vm}`,
    details: { vm },
  });
}

function unreachable(vm: string, path: string, cause: unknown): VmctlError {
  const isDenied = errnoOf(cause) === 'EACCES' || errnoOf(cause) === 'EPERM';
  return new VmctlError('VMCTL_CONSOLE_UNREACHABLE', {
    message: isDenied
      ? `The serial console of ${vm} cannot be opened: permission denied for ${path}.`
      : `Nobody answers on the serial console of ${vm}, ${path}: ${messageOf(cause)}.`,
    hint: isDenied
      ? `Check who owns it: ls -l ${path}`
      : `See whether the VM still runs: vmctl status ${vm}. A console comes anew with: vmctl restart ${vm}`,
    cause,
    details: { vm, path },
  });
}
