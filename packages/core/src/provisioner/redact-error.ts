import { asError, isVmctlError, VmctlError } from '../errors/vmctl-error.js';
import type { Redactor } from './redactor.js';

/** An error without the secrets, to a depth of five causes; the same one when there are no secrets. */
export function redactError(thrown: unknown, redactor: Redactor, depth = 0): Error {
  const error = asError(thrown);
  if (!redactor.active) return error;
  const cause =
    error.cause === undefined || depth >= 5 ? undefined : redactError(error.cause, redactor, depth + 1);
  const message = redactor.text(error.message);
  const copy = isVmctlError(error)
    ? new VmctlError(error.code, {
        message,
        hint: error.hint === undefined ? undefined : redactor.text(error.hint),
        details:
          error.details &&
          Object.fromEntries(
            Object.entries(error.details).map(([key, value]) => [key, redactor.value(value)]),
          ),
        cause,
      })
    : Object.assign(
        new Error(message, cause === undefined ? undefined : { cause }),
        { name: error.name },
        'code' in error ? { code: error.code } : {},
      );
  if (error.stack !== undefined) copy.stack = redactor.text(error.stack);
  return copy;
}
