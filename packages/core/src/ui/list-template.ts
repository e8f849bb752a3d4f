import { nearest } from '../errors/nearest.js';
import { VmctlError } from '../errors/vmctl-error.js';
import type { VmListing } from '../operations/list.js';
import { oneLine } from './terminal-text.js';

/** The fields of a VM, each with the fields below it that can be named as well: `network.type`. */
const FIELDS: Readonly<Record<keyof VmListing, readonly string[]>> = {
  name: [],
  state: [],
  detail: [],
  backend: [],
  vcpus: [],
  memoryMb: [],
  network: ['type', 'bridge', 'name'],
  pid: [],
  ssh: [],
  forwards: [],
  createdAt: [],
  vmfile: [],
  unfinished: [],
  problem: ['code', 'message', 'hint'],
};
const NAMES: readonly string[] = Object.entries(FIELDS).flatMap(([field, below]) => [
  field,
  ...below.map((each) => `${field}.${each}`),
]);

/** `{{field}}`; `\t`, `\n` and `\\`, which a shell leaves as they are. */
const PIECE = /\{\{([^{}]*)\}\}|\\([tn\\])/g;
const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', '\\': '\\' };

/**
 * Reads a template such as `{{name}}\t{{network.type}}`. Its fields are those of `vmctl list --json`. What a VM does not have
 * is empty, a list or an object is JSON, and text is free of control characters.
 *
 * @returns what makes the line of a VM, without its end
 * @throws VMCTL_USAGE for a field that there is none of, and for a template without one
 */
export function compileListTemplate(template: string): (vm: VmListing) => string {
  const pieces: ((vm: VmListing) => string)[] = [];
  let end = 0;
  let hasField = false;
  for (const match of template.matchAll(PIECE)) {
    const [whole, field, escape] = match;
    const before = template.slice(end, match.index);
    end = match.index + whole.length;
    pieces.push(() => before);
    if (escape !== undefined) pieces.push(() => ESCAPES[escape] ?? whole);
    if (field === undefined) continue;
    hasField = true;
    const path = knownField(field.trim()).split('.');
    pieces.push((vm) => show(valueAt(vm, path)));
  }
  const rest = template.slice(end);
  if (!hasField) throw withoutField(template);
  return (vm) => pieces.map((piece) => piece(vm)).join('') + rest;
}

function knownField(field: string): string {
  if (NAMES.includes(field)) return field;
  // As in templates of Go, which other tools have: {{.Name}}
  const near = nearest(field.replace(/^\./, ''), NAMES);
  throw new VmctlError('VMCTL_USAGE', {
    message: `VMs have no field "${field}".`,
    hint: near === undefined ? `There are: ${NAMES.join(', ')}.` : `Did you mean {{${near}}}?`,
    details: { field, known: NAMES },
  });
}

function withoutField(template: string): VmctlError {
  const near = nearest(template.trim(), NAMES);
  return new VmctlError('VMCTL_USAGE', {
    message: `The format "${template}" names no field, so every VM would look the same.`,
    hint: `Write fields in double braces: --format '{{${near ?? 'name'}}}'. For JSON there is --json.`,
  });
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  const [field, ...rest] = path;
  if (field === undefined) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  return valueAt(Object.entries(value).find(([key]) => key === field)?.[1], rest);
}

function show(value: unknown): string {
  if (value === undefined || value === null) return '';
  return oneLine(typeof value === 'string' ? value : JSON.stringify(value));
}
