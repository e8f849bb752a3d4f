import { basename } from 'node:path';
import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import { codeFrame } from '../vmfile/code-frame.js';
import { SourceText, type TextRange } from '../vmfile/source-text.js';

const REMAKE =
  'Take the last good one out of version control (git checkout -- FILE), or remove it and run `vmctl up`.';

/** What is wrong with a lock file, and where; before the text is known. */
export class LockDamage extends Error {
  readonly hint: string;
  /** The place in a text. */
  readonly locate: (text: string) => TextRange;

  private constructor(message: string, hint: string, locate: (text: string) => TextRange) {
    super(message);
    this.hint = hint;
    this.locate = locate;
  }

  /** Markers that a merge left. */
  static conflict(offset: number): LockDamage {
    return new LockDamage(
      'a merge has left its conflict here',
      'Take one side whole (git checkout --ours FILE, or --theirs), then run `vmctl up`: it brings the pins up to date.',
      () => ({ start: offset, end: offset + 7 }),
    );
  }

  /** Text that is no JSON. */
  static syntax(error: unknown, text: string): LockDamage {
    const [, position] = /at position (\d+)/.exec(messageOf(error)) ?? [];
    const start = position === undefined ? Math.max(0, text.trimEnd().length - 1) : Number(position);
    return new LockDamage('the file is no JSON', REMAKE, () => ({ start, end: start + 1 }));
  }

  /** A format that a later vmctl made. */
  static newer(found: number, known: number): LockDamage {
    return new LockDamage(
      `the file has the format ${found}, and this vmctl knows formats up to ${known}`,
      'Update vmctl: npm install -g @vmctl/core@latest',
      (text) => rangeOf(['lockfileVersion'], text),
    );
  }

  /** A value that cannot be there. */
  static at(keys: readonly string[], message: string): LockDamage {
    return new LockDamage(message, REMAKE, (text) => rangeOf(keys, text));
  }
}

/** The error for a damaged lock file: its place, the line, and what to do. */
export function lockDamaged(damage: LockDamage, text: string, path: string): VmctlError {
  const source = new SourceText(text);
  const range = damage.locate(text);
  const { line, column } = source.position(range.start);
  const file = basename(path);
  return new VmctlError('VMCTL_LOCKFILE_INVALID', {
    message: `${path} cannot be read:\n\n${file}:${line}:${column}: ${damage.message}\n${codeFrame(source, range)}`,
    hint: damage.hint.replaceAll('FILE', file),
    cause: damage,
    details: { path, line, column, problem: damage.message },
  });
}

/** The last of these keys, each looked for behind the one before; as near as can be told when some are missing. */
function rangeOf(keys: readonly string[], text: string): TextRange {
  let range: TextRange = { start: 0, end: 1 };
  for (const key of keys) {
    const quoted = JSON.stringify(key);
    const start = text.indexOf(quoted, range.end);
    if (start === -1) break;
    range = { start, end: start + quoted.length };
  }
  return range;
}
