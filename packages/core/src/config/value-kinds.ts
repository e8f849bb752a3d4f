import { resolve } from 'node:path';
import { nearest } from '../errors/nearest.js';
import { expandHome } from '../host/home-directory.js';
import { hidePasswords } from '../vmfile/passwords.js';

/** From where paths of a source are read. Absolute. */
export interface PathRoots {
  /** Where relative paths start: the directory of the file, or the working directory for variables. */
  readonly baseDir: string;
  /** What `~` is. */
  readonly homeDir: string;
}

/** What became of one value: the one that is meant, or what is wrong with it and what to write instead. */
export type ConfigReading<T> = { readonly value: T } | Wrong;

/** What is wrong with a value. */
export interface Wrong {
  /** Continues a sentence that begins with the setting: `must be text, not 5`. */
  readonly wrong: string;
  readonly hint?: string | undefined;
}

/** One kind of value that a setting can have. */
export interface ConfigKind<T> {
  /** What may be written, for documentation: `a whole number from 1 to 1024`. */
  readonly expected: string;
  /** @param value - as a file has it: anything that JSON, YAML or a program can say */
  read(value: unknown, roots: PathRoots): ConfigReading<T>;
  /** What a file would have in place of the text of a variable. Default: the text. */
  fromVariable?(text: string): unknown;
}

/** A value as it is written, short enough for a message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    const text = hidePasswords(value);
    return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
  }
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of settings';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

/** Text with a rule of its own. */
export function textKind(expected: string, check: (text: string) => string | undefined): ConfigKind<string> {
  return {
    expected,
    read(value) {
      if (typeof value !== 'string') return { wrong: `must be ${expected}, not ${shown(value)}` };
      if (value.includes('\0')) return { wrong: 'contains a NUL character' };
      const wrong = check(value);
      return wrong === undefined ? { value } : { wrong };
    },
  };
}

/** A whole number in a range. */
export function integerKind(least: number, most: number, unit = ''): ConfigKind<number> {
  const expected =
    most === Number.MAX_SAFE_INTEGER
      ? `a whole number${unit}, at least ${least}`
      : `a whole number${unit} from ${least} to ${most}`;
  return {
    expected,
    read(value) {
      if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
        return { value };
      }
      const isQuoted = typeof value === 'string' && /^\s*\d+\s*$/.test(value);
      return {
        wrong: `must be ${expected}, not ${shown(value)}`,
        hint: isQuoted ? `Write it without quotes: ${value.trim()}` : undefined,
      };
    },
    fromVariable: (text) => (/^\s*[+-]?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : text),
  };
}

/** `true` or `false`; in variables also `on` and `off`. */
export const switchKind: ConfigKind<boolean> = {
  expected: 'true or false',
  read(value) {
    if (typeof value === 'boolean') return { value };
    const word = typeof value === 'string' ? readSwitch(value) : undefined;
    return {
      wrong: `must be true or false, not ${shown(value)}`,
      hint: word === undefined ? undefined : `Write it without quotes: ${word}`,
    };
  },
  fromVariable: (text) => readSwitch(text) ?? text,
};

function readSwitch(text: string): boolean | undefined {
  if (/^(true|on|yes|1)$/i.test(text)) return true;
  return /^(false|off|no|0)$/i.test(text) ? false : undefined;
}

/** One of the given words. */
export function wordKind<T extends string>(words: readonly T[]): ConfigKind<T> {
  const list = words.map((word) => JSON.stringify(word));
  const expected = list.length < 2 ? list.join('') : `${list.slice(0, -1).join(', ')} or ${list.at(-1)}`;
  return {
    expected,
    read(value) {
      const word = words.find((each) => each === value);
      if (word !== undefined) return { value: word };
      const meant = typeof value === 'string' ? nearest(value, words) : undefined;
      return {
        wrong: `must be ${expected}, not ${shown(value)}`,
        hint: meant === undefined ? undefined : `Did you mean "${meant}"?`,
      };
    },
  };
}

/** A path, made absolute: relative to where its source is, `~` is the home directory. */
export const pathKind: ConfigKind<string> = {
  expected: 'a path',
  read(value, roots) {
    const text = nonEmptyText('a path', value);
    return 'wrong' in text ? text : absolutePath(text.value, roots);
  },
};

/** A program: a name in PATH, or a path as {@link pathKind} reads it when there is a slash in it. */
export const programKind: ConfigKind<string> = {
  expected: 'a path, or the name of a program in PATH',
  read(value, roots) {
    const text = nonEmptyText('a path or the name of a program', value);
    return 'wrong' in text || !text.value.includes('/') ? text : absolutePath(text.value, roots);
  },
};

function nonEmptyText(what: string, value: unknown): ConfigReading<string> {
  if (typeof value !== 'string') return { wrong: `must be ${what}, not ${shown(value)}` };
  if (value.includes('\0')) return { wrong: 'contains a NUL character' };
  return value.trim() === '' ? { wrong: `must be ${what}, and is empty` } : { value };
}

function absolutePath(given: string, { baseDir, homeDir }: PathRoots): ConfigReading<string> {
  const path = expandHome(given, homeDir);
  if (path.startsWith('~')) {
    return {
      wrong: `names the home directory of another user, which is not looked up: ${shown(path)}`,
      hint: `Write the absolute path, or "./${path}" for a file of that name.`,
    };
  }
  return { value: resolve(baseDir, path) };
}
