import { InvalidKdlError, parse } from '@bgotink/kdl';
import { parse as parseKdl1 } from '@bgotink/kdl/v1-compat';
import type { KdlFailure } from './kdl-tree.js';
import type { SourceText, TextRange } from './source-text.js';
import { unexpectedText, unreadableWord } from './unexpected-text.js';

/** Something that is not KDL 2. */
export interface SyntaxProblem {
  readonly range: TextRange;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** What to say of a text that is not KDL 2. */
export interface SyntaxReport {
  /** At least one. */
  readonly problems: readonly SyntaxProblem[];
  /** Whether it is KDL 1. */
  readonly isKdl1: boolean;
}

/** A complaint that is about what comes after. */
const TWO_BLOCKS = 'A node can only have one children block';

/** Complaints of the second parser that say no more than that something cannot stand where it stands. */
const UNEXPECTED =
  /^Unexpected (?:token|character)|^Expected a value|^Invalid (?:node children|argument|tag)/;

/**
 * Why a text is not KDL. kdljs finds the first fault and calls it by the names of its grammar's rules, so a second
 * parser, which finds several and has words for them, is asked about the rest.
 */
export function explainSyntax(source: SourceText, failure: KdlFailure): SyntaxReport {
  if (failure.reason !== 'syntax') {
    const what =
      failure.reason === 'too-deep' ? 'this is nested too deep' : 'from here on the file is too long';
    return { problems: [{ range: rangeOf(failure), message: `${what} for a VMFile` }], isKdl1: false };
  }
  return { problems: problemsOf(source, failure), isKdl1: isKdl1(source.text) };
}

function problemsOf(source: SourceText, failure: KdlFailure): readonly SyntaxProblem[] {
  // kdljs stops where the line ends, and so nearer to the fault than the other parser.
  const stopsAtLineEnd = /^[\n\r]?$/.test(source.text.charAt(failure.offset));
  if (failure.unclosed?.opening === '"' && stopsAtLineEnd) return [textWithoutEnd(failure, failure.unclosed)];
  const problems = complaintsAbout(source.text).map((error) => explain(source, failure, error));
  // Only kdljs objects: it is the one that counts.
  if (problems.length === 0) return [unexpectedText(source, rangeOf(failure))];
  // Several complaints about one place are one fault.
  const places = new Set<number>();
  return problems.filter(({ range }) => !places.has(range.start) && places.add(range.start));
}

/** A string that the line, or the file, ends in. */
function textWithoutEnd(
  { offset }: KdlFailure,
  unclosed: NonNullable<KdlFailure['unclosed']>,
): SyntaxProblem {
  return {
    range: { start: unclosed.offset, end: Math.max(offset, unclosed.offset + unclosed.opening.length) },
    message: 'this text has no end',
    hint:
      unclosed.opening === '"'
        ? 'Add the closing " to the line. Text of several lines stands between """ and """, each on a line of its own.'
        : 'Add a line with """ where it ends.',
  };
}

function complaintsAbout(text: string): readonly InvalidKdlError[] {
  try {
    parse(text, { storeLocations: true });
    return [];
  } catch (error) {
    return error instanceof InvalidKdlError ? [...error.flat()] : [];
  }
}

function isKdl1(text: string): boolean {
  try {
    parseKdl1(text);
    return true;
  } catch {
    return false;
  }
}

function explain(source: SourceText, failure: KdlFailure, error: InvalidKdlError): SyntaxProblem {
  const { lastCharacter } = source;
  const message = error.message.replace(/ at (?:\d+:\d+|end of input)$/, '');
  const isUnexpected = UNEXPECTED.test(message);
  // Locations at the end of the text lie beyond the last line, or have no end.
  const atEnd = (error.start?.offset ?? Infinity) >= lastCharacter;
  const end = isUnexpected ? lastCharacter : Math.min(failure.offset, lastCharacter);
  const start = atEnd ? end : (error.start?.offset ?? end);
  const range = { start, end: atEnd ? start : Math.max(start, error.end?.offset ?? start) };
  const explained =
    explainEnd(failure, atEnd) ??
    explainKeyword(source, message, error.start?.offset ?? lastCharacter) ??
    explainText(source, failure, message, range);
  if (explained !== undefined) return explained;
  if (isUnexpected) return unexpectedText(source, range);
  if (/^Invalid (?:\w+ number|identifier)/.test(message)) return unreadableWord(source, range);
  const [what = message, ...more] = message.split(', ');
  return {
    range: message === TWO_BLOCKS ? rangeOf(failure) : range,
    message: (what.charAt(0).toLowerCase() + what.slice(1)).replace(/\\u([0-9a-f]+)$/, 'U+$1'),
    hint: more.length === 0 ? undefined : sentence(more.join(', ')),
  };
}

/** The text ends where something is open. */
function explainEnd(failure: KdlFailure, atEnd: boolean): SyntaxProblem | undefined {
  const { unclosed } = failure;
  if (!atEnd || unclosed === undefined) return undefined;
  const { offset, opening } = unclosed;
  if (opening.startsWith('"')) return textWithoutEnd(failure, unclosed);
  const isComment = opening === '/*';
  return {
    range: { start: offset, end: offset + opening.length },
    message: isComment ? 'this comment has no end' : 'this "{" is never closed',
    hint: isComment ? 'Add the closing */' : 'Add the "}" that belongs to it.',
  };
}

/** `true` and its like, which KDL 1 wrote without a number sign. */
function explainKeyword({ text }: SourceText, message: string, after: number): SyntaxProblem | undefined {
  const [, keyword] = /^Invalid keyword "(.+)", add a leading #/.exec(message) ?? [];
  if (keyword === undefined) return undefined;
  // The complaint is about what comes after it.
  const start = Math.max(0, text.lastIndexOf(keyword, after));
  return {
    range: { start, end: start + keyword.length },
    message: `the bare word ${keyword} has no meaning in KDL 2`,
    hint: `Write #${keyword}, or "${keyword}" for the text.`,
  };
}

/** What is wrong inside a string. */
function explainText(
  { text }: SourceText,
  failure: KdlFailure,
  message: string,
  range: TextRange,
): SyntaxProblem | undefined {
  const [, escape] = /^Invalid escape "(.+)"$/s.exec(message) ?? [];
  if (escape !== undefined) {
    const at = text.indexOf(escape, range.start);
    const start = at === -1 ? range.start : at;
    const hint =
      escape === '\\/'
        ? 'Write / without the backslash.'
        : `For a backslash write \\\\, or the text as #"…"#.`;
    return { range: { start, end: start + escape.length }, message: `${escape} is no escape of KDL 2`, hint };
  }
  if (message.startsWith('Invalid raw string')) {
    return {
      range,
      message: 'raw text is written otherwise in KDL 2',
      hint: 'Write #"…"# instead of r#"…"#.',
    };
  }
  if (message.startsWith('Unexpected EOF while parsing raw string')) {
    const { offset } = failure;
    return {
      range: { start: offset, end: offset + 1 },
      message: 'this raw text has no end',
      hint: 'Close it with as many # as it begins with: #"…"#',
    };
  }
  return undefined;
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!"]$/.test(first) ? first : `${first}.`;
}

function rangeOf({ offset, length }: KdlFailure): TextRange {
  return { start: offset, end: offset + length };
}
