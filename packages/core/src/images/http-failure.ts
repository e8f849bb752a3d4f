import { STATUS_CODES } from 'node:http';
import { isVmctlError, messageOf, VmctlError } from '../errors/vmctl-error.js';
import { errnoOf } from '../host/fs-error.js';
import { StallError } from './http-get.js';
import { shownUrl } from './image-url.js';
import { formatBytes } from './size.js';

/** An answer that is not the image. */
export class StatusError extends Error {
  readonly status: number;
  /** What the server asks us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, retryAfter: string | undefined) {
    super(
      `the server answered ${status}${STATUS_CODES[status] === undefined ? '' : ` ${STATUS_CODES[status]}`}`,
    );
    this.name = 'StatusError';
    this.status = status;
    this.retryAfterMs = retryAfterMs(retryAfter);
  }
}

/** What may go away by itself, whether or not something has come already. */
const TRANSIENT_STATUS: readonly number[] = [408, 425, 429, 500, 502, 503, 504];
const TRANSIENT_ERRNO: readonly string[] = [
  'ECONNABORTED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
];
/** At the start they mean a wrong URL or no network; in the middle of a download, a server that restarts. */
const TRANSIENT_LATER: readonly string[] = ['ECONNREFUSED', 'ENOTFOUND'];

/** Whether to try again. */
export function isTransient(error: unknown, somethingCame: boolean): boolean {
  if (error instanceof StallError) return true;
  if (error instanceof StatusError) return TRANSIENT_STATUS.includes(error.status);
  const errno = errnoOf(error) ?? '';
  // Node joins the failures of all addresses of a host into one error; its code is the first one's.
  return TRANSIENT_ERRNO.includes(errno) || (somethingCame && TRANSIENT_LATER.includes(errno));
}

/** The error for a download that is given up. */
export function downloadFailed(
  url: URL,
  error: unknown,
  state: { readonly received: number; readonly total: number | undefined; readonly requests: number },
): Error {
  if (isVmctlError(error)) return error;
  const shown = shownUrl(url);
  const tried = state.requests > 1 ? `, in ${state.requests} requests` : '';
  const where =
    state.received === 0
      ? ''
      : ` after ${formatBytes(state.received)}${state.total === undefined ? '' : ` of ${formatBytes(state.total)}`}`;
  return new VmctlError('VMCTL_IMAGE_DOWNLOAD_FAILED', {
    message: `Cannot download ${shown}: ${describe(error, url)}${where}${tried}.`,
    hint: hintFor(error),
    cause: error,
    details: {
      url: shown,
      ...(error instanceof StatusError ? { status: error.status } : {}),
      received: state.received,
    },
  });
}

function describe(error: unknown, url: URL): string {
  switch (errnoOf(error)) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${url.hostname} cannot be resolved`;
    case 'ECONNREFUSED':
      return `${url.host} refuses the connection`;
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection broke off';
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${url.host} cannot be reached`;
    default:
      return messageOf(error) || String(errnoOf(error));
  }
}

function hintFor(error: unknown): string {
  if (error instanceof StatusError) {
    if (error.status === 401 || error.status === 403) {
      return 'Check whether the image needs a login, and whether the URL is still valid.';
    }
    if (error.status === 404 || error.status === 410) return 'Check the URL.';
    return 'Try again later, or use another mirror.';
  }
  const errno = errnoOf(error) ?? '';
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(errno)) {
    return 'For a certificate authority of your own: NODE_EXTRA_CA_CERTS=/path/to/ca.pem';
  }
  return 'Check the network and the URL; behind a proxy set https_proxy and http_proxy.';
}

function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const milliseconds = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}
