import type { VmFileNode } from '@vmctl/core/plugin';
import { checkScript } from './script-file.js';

/** A `provision "shell"` node. */
export interface ShellConfig {
  readonly source:
    | { readonly kind: 'inline'; readonly text: string }
    | { readonly kind: 'script'; /** Absolute. */ readonly path: string };
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Linux takes 128 KiB in one argument. */
const MAX_INLINE_BYTES = 64 * 1024;

/** Reads the node; problems are recorded on it. */
export function decodeShell(node: VmFileNode): ShellConfig {
  const inline = node.strings('inline');
  const path = node.path('script');
  const args = node.strings('args') ?? [];
  const env = decodeEnv(node);
  if (node.has('inline') && node.has('script')) {
    node.problem('a shell step has "inline" or "script", not both', {
      at: { kind: 'setting', name: 'script' },
      hint: 'Make two steps of them; they run in the order of the file.',
    });
  }
  if (!node.has('inline') && !node.has('script')) {
    node.problem('a shell step needs "inline" or "script"', {
      hint: 'Write inline "command", or script "path/to/script.sh"',
    });
  }
  if (path !== undefined) {
    const complaint = checkScript(path, node.baseDir);
    if (complaint !== undefined) {
      const { message, ...more } = complaint;
      node.problem(message, { at: { kind: 'setting', name: 'script' }, ...more });
    }
    return { source: { kind: 'script', path }, args, env };
  }
  return { source: { kind: 'inline', text: decodeInline(node, inline) }, args, env };
}

function decodeInline(node: VmFileNode, lines: readonly string[] | undefined): string {
  // A VMFile that was saved on Windows must not send carriage returns to the guest's shell.
  const text = (lines ?? []).join('\n').replaceAll('\r\n', '\n');
  const at = { kind: 'setting', name: 'inline' } as const;
  if (lines !== undefined && lines.length > 0 && text.trim() === '') {
    node.problem('"inline" is empty', { at });
  }
  if (Buffer.byteLength(text) > MAX_INLINE_BYTES) {
    node.problem('"inline" is longer than 64 KiB', { at, hint: 'Put it into a file, and use "script".' });
  }
  return text;
}

function decodeEnv(node: VmFileNode): Readonly<Record<string, string>> {
  const env = node.map('env') ?? {};
  const [block] = node.children('env');
  for (const name of Object.keys(env)) {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) continue;
    block?.child(name)?.problem(`"${name}" cannot be the name of an environment variable`, {
      hint: 'A name has letters, digits and underscores, and does not begin with a digit.',
    });
  }
  return env;
}
