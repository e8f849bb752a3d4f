import { resolve } from 'node:path';
import { nearest } from '../errors/nearest.js';
import { expandHome } from '../host/home-directory.js';
import type { VmFileValue } from './node.js';
import { hidePasswords } from './passwords.js';

/** What became of one value: the value that is meant, or what is wrong with it and what to write instead. */
export type Reading<T> =
  | { readonly value: T }
  | {
      /** Continues a sentence that begins with the setting: `must be a number, not "x"`. */
      readonly wrong: string;
      readonly hint?: string | undefined;
    };

/** One kind of value that a setting can have. */
export interface ValueKind<T> {
  /** Stands for such a value in hints. */
  readonly example: string;
  /** @param written - how the value is written in the file, as far as it is a number */
  read(value: VmFileValue, written: string): Reading<T>;
}

/** A value as it would be written, short enough for a message. */
export function show(value: VmFileValue): string {
  if (typeof value !== 'string') return typeof value === 'number' ? showNumber(value) : `#${value}`;
  const text = hidePasswords(value);
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

function showNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? '#nan' : value > 0 ? '#inf' : '#-inf';
}

function checkText(text: string): Reading<string> {
  // No path, argument or variable of an operating system can have one.
  return text.includes('\0') ? { wrong: 'contains a NUL character' } : { value: text };
}

/** Text, quoted or bare. */
export const textKind: ValueKind<string> = {
  example: '"…"',
  read(value, written) {
    if (typeof value === 'string') return checkText(value);
    const inQuotes = typeof value === 'number' ? written : String(value);
    return { wrong: `must be text, not ${show(value)}`, hint: `Put it in quotes: "${inQuotes}"` };
  },
};

/** Text, or a number, which is taken as it is written: for arguments and environment variables. */
export const plainTextKind: ValueKind<string> = {
  example: '"…"',
  read(value, written) {
    return typeof value === 'number' ? { value: written } : textKind.read(value, written);
  },
};

export const numberKind: ValueKind<number> = {
  example: '1',
  read(value, written) {
    if (typeof value !== 'number') return wrongNumber('a number', value);
    return Number.isFinite(value) ? { value } : { wrong: `must be a finite number, not ${written}` };
  },
};

/** A whole number that a double holds exactly. */
export const integerKind: ValueKind<number> = {
  example: '1',
  read(value, written) {
    if (typeof value !== 'number') return wrongNumber('a whole number', value);
    if (Number.isSafeInteger(value)) return { value: value === 0 ? 0 : value };
    if (Number.isInteger(value)) return { wrong: `is too large: ${written}` };
    return { wrong: `must be a whole number, not ${written}` };
  },
};

function wrongNumber(what: string, value: Exclude<VmFileValue, number>): Reading<number> {
  const wrong = `must be ${what}, not ${show(value)}`;
  const isNumber = typeof value === 'string' && /^\s*[+-]?\d+(\.\d+)?\s*$/.test(value);
  return { wrong, hint: isNumber ? `Write it without quotes: ${value.trim()}` : undefined };
}

export const booleanKind: ValueKind<boolean> = {
  example: '#true',
  read(value) {
    if (typeof value === 'boolean') return { value };
    const meant = /^(true|yes|on|1)$/i.test(String(value))
      ? '#true'
      : /^(false|no|off|0)$/i.test(String(value))
        ? '#false'
        : undefined;
    return {
      wrong: `must be #true or #false, not ${show(value)}`,
      hint: meant === undefined ? undefined : `Write ${meant}`,
    };
  },
};

/** One of the given words. */
export function oneOfKind<T extends string>(words: readonly T[]): ValueKind<T> {
  const list = words.map(show);
  return {
    example: list.join(' or '),
    read(value, written) {
      const text = textKind.read(value, written);
      if ('wrong' in text) return text;
      const word = words.find((each) => each === text.value);
      if (word !== undefined) return { value: word };
      const meant = nearest(text.value, words);
      return {
        wrong: `must be ${orList(list)}, not ${show(text.value)}`,
        hint: meant === undefined ? undefined : `Did you mean "${meant}"?`,
      };
    },
  };
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** A path, made absolute: relative to `baseDir`, `~` is `homeDir`. */
export function pathKind(from: { readonly baseDir: string; readonly homeDir: string }): ValueKind<string> {
  return {
    example: '"…"',
    read(value, written) {
      const text = textKind.read(value, written);
      if ('wrong' in text) return text;
      if (text.value.trim() === '') return { wrong: 'must be a path, and is empty' };
      const path = expandHome(text.value, from.homeDir);
      if (path.startsWith('~')) {
        return {
          wrong: `names the home directory of another user, which is not looked up: ${show(path)}`,
          hint: `Write the absolute path, or "./${path}" for a file of that name.`,
        };
      }
      return { value: resolve(from.baseDir, path) };
    },
  };
}
