import { VmctlError } from '../errors/vmctl-error.js';

/**
 * How long a provisioner may take to end after an abort. Ending a command in the guest takes up to ten seconds: two
 * after SIGTERM, four after SIGKILL, and the way there. Then it may have something to remove.
 */
const ABORT_GRACE_MS = 15_000;

export interface SettleOptions {
  /** The provisioner's type. */
  readonly type: string;
  readonly signal: AbortSignal;
  /** Milliseconds; default 15,000. */
  readonly abortGraceMs?: number | undefined;
}

/**
 * Waits for the work of a provisioner. After an abort it is given some time to clean up; whatever comes of it then,
 * the signal's reason is thrown: what an abort went through is not known to be done.
 *
 * @throws VMCTL_PROVISIONER_STUCK when it does not end within that time
 */
export async function settle<T>(
  work: () => T | Promise<T>,
  { type, signal, abortGraceMs = ABORT_GRACE_MS }: SettleOptions,
): Promise<T> {
  signal.throwIfAborted();
  const stuck = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  let gaveUp: VmctlError | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => {
      gaveUp = new VmctlError('VMCTL_PROVISIONER_STUCK', {
        message: `The provisioner "${type}" did not end within ${abortGraceMs / 1000} s after it was interrupted.`,
        hint: 'Something of it may still run in the guest. It is a fault of the plugin that brings the provisioner.',
        cause: signal.reason,
        details: { provisioner: type },
      });
      stuck.reject(gaveUp);
    }, abortGraceMs);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const working = (async () => work())();
  // Once it is given up, what becomes of it is nobody's business any more.
  working.catch(() => undefined);
  try {
    const result = await Promise.race([working, stuck.promise]);
    signal.throwIfAborted();
    return result;
  } catch (error) {
    throw gaveUp ?? (signal.aborted ? signal.reason : error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
