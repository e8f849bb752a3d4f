import { Flags } from '@oclif/core';
import { VmctlError } from '../errors/vmctl-error.js';
import type { PortForward } from '../hypervisor/contract.js';

const FORWARD = /^(?:(?<address>\[[^\]]+\]|[^:]+):)?(?<host>\d{1,5}):(?<guest>\d{1,5})$/;

/**
 * `8080:80`, `0.0.0.0:8080:80` or `[::1]:8080:80`.
 *
 * @throws VMCTL_USAGE
 */
export function parseForward(text: string): PortForward {
  const { address, host, guest } = FORWARD.exec(text)?.groups ?? {};
  if (host === undefined || guest === undefined) {
    throw new VmctlError('VMCTL_USAGE', {
      message: `"${text}" is not a port to forward.`,
      hint: 'Write HOST:GUEST, as in --forward 8080:80, or ADDRESS:HOST:GUEST. HOST 0 means any free port.',
    });
  }
  return {
    address: address === undefined ? '127.0.0.1' : address.replace(/^\[(.*)\]$/, '$1'),
    host: Number(host),
    guest: Number(guest),
  };
}

/** `--forward`; may be repeated. */
export const forwardFlag = Flags.custom<PortForward>({
  description:
    'port of this machine that leads to one of the guest; may be repeated; host port 0: any free one',
  helpValue: '[ADDRESS:]HOST:GUEST',
  parse: (text) => Promise.resolve(parseForward(text)),
});
