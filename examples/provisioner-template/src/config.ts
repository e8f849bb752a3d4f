import { readFileSync } from 'node:fs';
import type { VmFileNode } from '@vmctl/core/plugin';
import { messageOf, syntaxProblem } from './render.js';

/** A `provision "template"` node. */
export interface TemplateConfig {
  /** Absolute path of the template. */
  readonly source: string;
  /** Absolute path in the guest. */
  readonly destination: string;
  /** Absolute path of a JSON file with values. */
  readonly valuesFile: string | undefined;
  /** They go before those of the file. */
  readonly values: Readonly<Record<string, string>>;
  /** Permission bits. */
  readonly mode: number;
}

const DEFAULT_MODE = 0o644;

/** Reads the node; problems are recorded on it. */
export function decodeTemplate(node: VmFileNode): TemplateConfig {
  const mode = node.string('mode', {
    check: (text) =>
      /^0?[0-7]{3}$/.test(text) ? undefined : `must be permissions like "0644", not "${text}"`,
  });
  return {
    source: node.path('source', { required: true, check: checkTemplate }) ?? '',
    destination:
      node.string('destination', {
        required: true,
        check: (path) =>
          /^\/.*[^/]$/.test(path) ? undefined : 'must be the absolute path of a file in the guest',
      }) ?? '',
    valuesFile: node.path('values-file', { check: (path) => complaintAbout(() => readValues(path)) }),
    values: node.map('values') ?? {},
    mode: mode === undefined ? DEFAULT_MODE : Number.parseInt(mode, 8),
  };
}

/** The values in a JSON file. @throws Error when it has none */
export function readValues(path: string): Readonly<Record<string, unknown>> {
  const values: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new Error('it must hold one JSON object');
  }
  // What an object of JSON has are values by name.
  return values as Readonly<Record<string, unknown>>;
}

function checkTemplate(path: string): string | undefined {
  return complaintAbout(() => {
    const problem = syntaxProblem(readFileSync(path, 'utf8'));
    if (problem !== undefined) throw new Error(`it is no template: ${problem}`);
  });
}

/** A mistake is shown with its line of the VMFile, before any VM is started. */
function complaintAbout(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return `cannot be used: ${messageOf(error)}`;
  }
}
