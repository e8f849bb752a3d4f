import { type ErrorCode, errorRegistry } from './registry.js';

/** Marks an error of ours across package copies and realms; `instanceof` would not. */
export const VMCTL_ERROR = Symbol.for('vmctl.error');

/** What an error says beyond its code. */
export interface VmctlErrorOptions {
  /** What happened, where and why, in one or more lines. */
  readonly message: string;
  /** What to do next, a sentence or a command. */
  readonly hint?: string | undefined;
  /** The error below this one. */
  readonly cause?: unknown;
  /** Machine-readable facts for `--json`; must survive JSON. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** The shape by which an error is recognised; a plugin's copy of it counts as much as ours. */
export interface VmctlErrorShape {
  /** Stable, upper case, with a prefix: `VMCTL_…` is core's, a plugin takes its own. */
  readonly code: string;
  /** What happened, where and why. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string | undefined;
  /** The error below this one. */
  readonly cause?: unknown;
  /** Facts for machines; survive JSON. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Every error that vmctl reports on purpose.
 *
 * The fields `suggestions`, `ref`, `oclif` and `exitCode` are the ones from which oclif prints
 * "Try this", the reference, and sets the exit status.
 */
export class VmctlError extends Error implements VmctlErrorShape {
  readonly [VMCTL_ERROR] = true;
  /** Stable, upper case, with a prefix: `VMCTL_…` is core's, a plugin takes its own. */
  readonly code: string;
  /** What to do next. */
  readonly hint: string | undefined;
  /** Facts for machines; survive JSON. */
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly exitCode: number;

  constructor(code: ErrorCode | (string & {}), options: VmctlErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VmctlError';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
    this.exitCode = isErrorCode(code) ? errorRegistry[code].exit : 1;
  }

  get suggestions(): string[] | undefined {
    return this.hint === undefined ? undefined : [this.hint];
  }

  get oclif(): { exit: number } {
    return { exit: this.exitCode };
  }
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorRegistry, code);
}

/** Whether `error` is one of ours, from whichever copy of vmctl or plugin it comes. */
export function isVmctlError(error: unknown): error is Error & VmctlErrorShape {
  return typeof error === 'object' && error !== null && VMCTL_ERROR in error && 'code' in error;
}

/** Whether `error` is one of ours with this code. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return isVmctlError(error) && error.code === code;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return asError(error).message;
}

/** Any thrown value as an Error. */
export function asError(error: unknown): Error {
  if (error instanceof Error) return error;
  try {
    return new Error(String(error));
  } catch {
    // An object without a prototype, or whose toString fails.
    return new Error('something was thrown that is no error and has no text');
  }
}
