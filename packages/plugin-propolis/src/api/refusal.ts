import type { PluginHost } from '@vmctl/core/plugin';
import { findLogEntry } from './server-log.js';

/** An answer that is none of the wanted ones. */
export interface Refusal {
  readonly status: number;
  /** `message` of the body; of a body that is not the server's, its beginning. */
  readonly message: string;
  /** `error_code` of the body: the reason of a 403. */
  readonly errorCode: string | undefined;
  /** By which the server's log tells more. */
  readonly requestId: string | undefined;
}

/** Characters of a foreign body that are shown. */
const SHOWN = 200;

/** Reads the body of an error. Whatever is there gives something that can be said; nothing throws. */
export function readRefusal(
  status: number,
  body: string,
  headers: { readonly requestId?: string } = {},
): Refusal {
  const fields = fieldsOf(body);
  const text = (name: string): string | undefined => {
    const value = fields[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const shown = body.trim().replaceAll(/\s+/g, ' ');
  return {
    status,
    message:
      text('message') ??
      (shown === '' ? 'it gave no reason' : shown.length > SHOWN ? `${shown.slice(0, SHOWN)}…` : shown),
    errorCode: text('error_code'),
    requestId: text('request_id') ?? headers.requestId,
  };
}

/** Whether the server says that it does not serve the version of the API that was asked for. */
export function isVersionRefusal({ status, message }: Refusal): boolean {
  return status === 400 && /does not support (?:this|the) API version|unsupported API version/i.test(message);
}

/** What a refusal is about, for its error. */
export interface RefusalContext {
  readonly error: PluginHost['error'];
  /** The VM's name. */
  readonly vm: string;
  /** What was asked of the server: `to make the VM`. */
  readonly what: string;
  /** The server's log, absolute. */
  readonly logPath: string | undefined;
}

/** The error that says what the server said. For 5xx it looks into the server's log, where the cause is. */
export async function refusalError(refusal: Refusal, context: RefusalContext): Promise<Error> {
  const { error, vm, what, logPath } = context;
  const { status, requestId, errorCode } = refusal;
  const details = { vm, status, error_code: errorCode, request_id: requestId };
  const said = `propolis-server refused ${what} of ${vm}`;
  switch (status) {
    case 400:
      return error('VMCTL_PROPOLIS_BAD_REQUEST', { message: `${said}: ${refusal.message}`, details });
    case 403:
      // Its message is only the name of the status.
      return error('VMCTL_PROPOLIS_FORBIDDEN', {
        message: `${said}: ${errorCode ?? refusal.message}`,
        hint: `See how it is: vmctl status ${vm}`,
        details,
      });
    case 409:
      return error('VMCTL_PROPOLIS_CONFLICT', { message: `${said}: ${refusal.message}`, details });
    case 410:
      return error('VMCTL_PROPOLIS_GONE', { message: `${said}: ${refusal.message}`, details });
    case 424:
      return error('VMCTL_PROPOLIS_NO_INSTANCE', { message: `${said}: ${refusal.message}`, details });
    default:
      if (status < 500) {
        return error('VMCTL_PROPOLIS_REFUSED', {
          message: `${said} with status ${status}: ${errorCode ?? refusal.message}`,
          details,
        });
      }
  }
  const entry =
    logPath === undefined || requestId === undefined ? undefined : await findLogEntry(logPath, requestId);
  const request = requestId === undefined ? '' : ` (request ${requestId})`;
  return error('VMCTL_PROPOLIS_SERVER_FAILED', {
    message:
      `propolis-server failed when it was asked ${what.replace(/^the /, 'for the ')} of ${vm}${request}: ` +
      (entry === undefined ? refusal.message : `${entry.reason}\n${entry.line}`),
    hint: logPath === undefined ? undefined : `Its log: ${logPath}`,
    details: { ...details, log: entry?.line },
  });
}

function fieldsOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    // An object of JSON has its fields by name.
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
