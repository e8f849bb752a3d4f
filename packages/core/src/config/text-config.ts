import { type Document, isMap, isNode, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import type { ParsedNode, YAMLParseError } from 'yaml';
import { SourceText, type TextRange } from '../vmfile/source-text.js';
import type { ConfigFile, KeyPath } from './config-file.js';
import type { ConfigProblems } from './problem.js';

/** More than any configuration needs: what refers to itself over and over grows without end. */
const MOST_ALIASES = 100;

/**
 * Reads YAML, and JSON, which is a part of it.
 *
 * @param options.field - the field of the document that is the configuration; for package.json
 */
export function readTextConfig(
  text: string,
  options: {
    readonly scope: ConfigFile['scope'];
    readonly path: string;
    readonly field?: string | undefined;
  },
  problems: ConfigProblems,
): ConfigFile | undefined {
  const { scope, path, field } = options;
  const source = new SourceText(text.startsWith('\ufeff') ? text.slice(1) : text);
  // A warning would go to stderr, past everything that is shown there.
  const document = parseDocument(source.text, { prettyErrors: false, logLevel: 'error' });
  const base: KeyPath = field === undefined ? [] : [field];
  const file = {
    scope,
    path,
    text: source,
    range: (key: KeyPath, part: 'key' | 'value') => rangeOf(document, [...base, ...key], part),
  };
  const failed = (message: string, range: TextRange): undefined => {
    problems.add({ file: { ...file, value: undefined }, key: [], range, message });
    return undefined;
  };
  const own = field === undefined ? undefined : rangeOf(document, base, 'value');
  // What is beside the field is npm's, which takes the same key twice.
  const errors = document.errors.filter(
    ({ pos }) => own === undefined || (own.start <= pos[0] && pos[1] <= own.end),
  );
  for (const error of errors) failed(messageFor(error), { start: error.pos[0], end: error.pos[1] });
  if (errors.length > 0) return undefined;
  try {
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    return {
      ...file,
      value: field === undefined ? value : (value as Record<string, unknown> | null)?.[field],
    };
  } catch (error) {
    // An alias of nothing, or too many of them.
    return failed(lowerFirst(error instanceof Error ? error.message : String(error)), { start: 0, end: 0 });
  }
}

/** Where a key or its value stands; what is in an alias has no place of its own. */
function rangeOf(document: Document.Parsed, path: KeyPath, part: 'key' | 'value'): TextRange | undefined {
  let node: unknown = document.contents;
  let range = rangeOfNode(document.contents);
  for (const [index, key] of path.entries()) {
    const isLast = index === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((each) => isPair(each) && textOf(each.key) === String(key));
      if (pair === undefined) return undefined;
      node = pair.value;
      range = (isLast && part === 'key' ? undefined : rangeOfNode(node)) ?? rangeOfNode(pair.key);
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      range = rangeOfNode(node);
    } else return undefined;
  }
  return range;
}

function textOf(key: unknown): string | undefined {
  return isScalar(key) ? String(key.value) : undefined;
}

/** Without the blanks and comments that follow it. An empty value is nothing to point at. */
function rangeOfNode(node: unknown): TextRange | undefined {
  if (!isNode(node)) return undefined;
  const range = (node as ParsedNode).range as ParsedNode['range'] | null | undefined; // nodes of a parsed text have one
  if (range === null || range === undefined || range[0] === range[1]) return undefined;
  return { start: range[0], end: range[1] };
}

/** The parser speaks to programmers of what it found several of. */
function messageFor({ code, message }: YAMLParseError): string {
  return code === 'MULTIPLE_DOCS'
    ? 'a second document begins here, and there may be only one'
    : lowerFirst(message);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
