import assert from 'node:assert/strict';
import { assertSurvivesJson } from './json.js';

/** By which vmctl knows its errors, across copies of packages. */
const VMCTL_ERROR = Symbol.for('vmctl.error');

/** Fails unless `error` is one that vmctl shows as it is: marked, with a code, a message, and a hint. */
export function assertVmctlError(
  error: unknown,
  what: string,
  options: { readonly codes?: readonly string[] | RegExp; readonly hint?: boolean } = {},
): void {
  const shown = showError(error);
  assert.ok(
    typeof error === 'object' && error !== null && VMCTL_ERROR in error,
    `${what} must fail with an error of host.error(code, { message, hint }), not with ${shown}`,
  );
  const [code, message, hint, details] = ['code', 'message', 'hint', 'details'].map((field): unknown =>
    Reflect.get(error, field),
  );
  assert.ok(
    typeof code === 'string' && /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(code),
    `${what}: a code is words of capitals joined by "_", not ${String(code)}`,
  );
  const { codes } = options;
  if (codes !== undefined) {
    const fits = codes instanceof RegExp ? codes.test(code) : codes.includes(code);
    const wanted = codes instanceof RegExp ? String(codes) : codes.join(' or ');
    assert.ok(fits, `${what} must fail with ${wanted}, not with ${shown}`);
  }
  assert.ok(
    typeof message === 'string' && message.trim() !== '',
    `${what}: the error ${code} has no message`,
  );
  if (options.hint === true) {
    assert.ok(
      typeof hint === 'string' && hint.trim() !== '',
      `${what}: the error ${code} has no hint; say what to do next`,
    );
  }
  assertSurvivesJson(details ?? null, `${what}: details of ${code}`);
}

/** Whether `error` is `wanted`, or has it below it. */
export function isOrWraps(error: unknown, wanted: unknown): boolean {
  for (let each = error, depth = 0; depth < 10; depth += 1) {
    if (each === wanted) return true;
    // Not by instanceof: jest has an Error of its own, and Node's errors are none of it.
    if (typeof each !== 'object' || each === null) return false;
    each = Reflect.get(each, 'cause');
  }
  return false;
}

/** An error in one line, for messages. */
export function showError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? `${String(error.code)}: ` : '';
  return `${error.name}: ${code}${error.message}`;
}
