import { isVmctlError, messageOf } from './vmctl-error.js';

/** An error as data: what events and `--json` output carry. */
export interface ErrorReport {
  /** Stable: `VMCTL_…`, a plugin's own, or the code of a system error; `VMCTL_INTERNAL` for anything else. */
  readonly code: string;
  /** What happened, where and why. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string | undefined;
  /** Facts for machines; survive JSON. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** The error below this one, at most five deep. */
  readonly cause?: ErrorReport | undefined;
}

/** Anything that was thrown, as data. Causes are kept to a depth of five. */
export function reportError(error: unknown, depth = 0): ErrorReport {
  const cause =
    error instanceof Error && error.cause !== undefined && depth < 5
      ? reportError(error.cause, depth + 1)
      : undefined;
  if (isVmctlError(error)) {
    const { code, message, hint, details } = error;
    return { code, message, hint, details, cause };
  }
  const systemCode = error instanceof Error && 'code' in error ? error.code : undefined;
  return {
    code: typeof systemCode === 'string' ? systemCode : 'VMCTL_INTERNAL',
    message: messageOf(error),
    cause,
  };
}
