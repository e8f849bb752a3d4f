import { VmctlError } from '../errors/vmctl-error.js';
import type { PortForward } from '../hypervisor/contract.js';

const LOOPBACK = '127.0.0.1';
const HIGHEST = 65_535;

/**
 * Reads `8080:80` or `0.0.0.0:8080:80`; the host port 0 stands for any free one.
 *
 * @throws VMCTL_USAGE
 */
export function parseForward(text: string): PortForward {
  const match = /^(?:(\[[^\]]+\]|[^:]+):)?(\d{1,5}):(\d{1,5})$/.exec(text);
  const [, address = LOOPBACK, host, guest] = match ?? [];
  const forward = { address: address.replace(/^\[|\]$/g, ''), host: Number(host), guest: Number(guest) };
  if (match === null || forward.host > HIGHEST || forward.guest > HIGHEST || forward.guest === 0) {
    throw new VmctlError('VMCTL_USAGE', {
      message: `"${text}" is no forward.`,
      hint: 'Write HOST:GUEST, two ports from 1 to 65535: 8080:80. Host port 0 is any free one. An address may come first: 0.0.0.0:8080:80',
    });
  }
  return forward;
}

/** Which forwards of a VM are meant; what is undefined may be anything. */
export interface ForwardPattern {
  readonly address: string | undefined;
  readonly host: number;
  readonly guest: number | undefined;
}

/**
 * Reads what {@link parseForward} does, and a host port alone.
 *
 * @throws VMCTL_USAGE
 */
export function parseForwardPattern(text: string): ForwardPattern {
  if (/^\d{1,5}$/.test(text)) return { address: undefined, host: Number(text), guest: undefined };
  const { address, ...ports } = parseForward(text);
  return { address: text.split(':').length > 2 ? address : undefined, ...ports };
}

/** `127.0.0.1:8080 -> 80`. */
export function forwardText({ address, host, guest }: PortForward): string {
  return `${address.includes(':') ? `[${address}]` : address}:${host} -> ${guest}`;
}
