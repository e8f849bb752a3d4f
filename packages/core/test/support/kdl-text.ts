import fc from 'fast-check';

/** A node to be written as KDL. */
export interface TextNode {
  readonly name: string;
  readonly values?: readonly TextValue[];
  readonly properties?: Readonly<Record<string, TextValue>>;
  readonly children?: readonly TextNode[];
}

export type TextValue = string | number | boolean | null;

/** Text as an editor may hold it: any characters that KDL can have, written directly or escaped. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom('a', ' ', '"', '\\', '#', '\n', '\r', '\t', '{', '/', '\u{1F600}', '\u00e9', '='),
  }),
  fc.constantFrom('true', 'inf', '-1', '.5', '', '"""', '#"x"#', '//', '/*', '漢字'),
);

/** Ways to write the same thing. */
export interface Style {
  readonly bareWords: boolean;
  readonly indent: string;
  readonly newline: string;
  readonly raw: boolean;
  readonly comments: boolean;
}

export const anyStyle: fc.Arbitrary<Style> = fc.record({
  bareWords: fc.boolean(),
  indent: fc.constantFrom('', '  ', '\t'),
  newline: fc.constantFrom('\n', '\r\n', ';\n', ' // c\n'),
  raw: fc.boolean(),
  comments: fc.boolean(),
});

/** Writes nodes as KDL 2. */
export function writeKdl(nodes: readonly TextNode[], style: Style, depth = 0): string {
  return nodes.map((node) => writeNode(node, style, depth)).join('');
}

function writeNode(
  { name, values = [], properties = {}, children = [] }: TextNode,
  style: Style,
  depth: number,
): string {
  const entries = [
    ...values.map((value) => writeValue(value, style)),
    ...Object.entries(properties).map(
      ([key, value]) => `${writeText(key, style)}=${writeValue(value, style)}`,
    ),
  ];
  const blank = style.comments ? ' /* { */ ' : ' ';
  const block =
    children.length === 0 ? '' : ` {\n${writeKdl(children, style, depth + 1)}${style.indent.repeat(depth)}}`;
  const head = [writeText(name, style), ...entries].join(blank);
  return `${style.indent.repeat(depth)}${head}${block}${style.newline}`;
}

function writeValue(value: TextValue, style: Style): string {
  if (typeof value === 'string') return writeText(value, style);
  if (typeof value !== 'number') return `#${value}`;
  if (Number.isNaN(value)) return '#nan';
  return Number.isFinite(value) ? String(value) : value > 0 ? '#inf' : '#-inf';
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function writeText(text: string, style: Style): string {
  if (style.bareWords && /^[a-z][a-z0-9-]*$/.test(text) && !/^(true|false|null|inf|nan)$/.test(text))
    return text;
  if (style.raw && /^[ -~]*$/.test(text) && !text.includes('"')) return `#"${text}"#`;
  const escaped = text.replace(
    /["\\\n\r\t]|[^ -~\u00e9\u4e00-\u9fff]/gu,
    (character) => ESCAPES[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return `"${escaped}"`;
}

/** Pieces that break KDL, or change what it means. */
const PIECES = [
  '"',
  '""',
  '"""',
  '#',
  '#"',
  '"#',
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  '=',
  ';',
  ',',
  '\\',
  '/',
  '/-',
  '//',
  '/*',
  '*/',
  '\n',
  '\r',
  '\r\n',
  '\t',
  ' ',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '\u0000',
  '\u001b',
  '\ud800',
  'true',
  '#true',
  '#null',
  '#inf',
  'r"',
  '-',
  '+',
  '.',
  '_',
  '0',
  '1',
  '1e',
  '0x',
  '1e400',
  '99999999999999999999',
  '\\u{110000}',
  '\\u{1F600}',
  '漢',
  '😀',
  'vm',
  'image',
  '__proto__=1',
  'a=1 a=2',
  '(t)',
];

/** One change of a text: something is put at a place, instead of some characters. */
export const anyChange: fc.Arbitrary<(text: string) => string> = fc
  .record({
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat(8),
    piece: fc.constantFrom('', ...PIECES),
  })
  .map(({ place, remove, piece }) => (text: string): string => {
    const at = Math.floor(place * text.length);
    return text.slice(0, at) + piece + text.slice(at + remove);
  });
