import { kdlPieces, type KdlPiece } from './kdl-pieces.js';

/** A VM of a VMFile, as far as its names go. */
export interface OutlinedVm {
  readonly name: string;
  /** The names of its steps, those that vmctl gives included. */
  readonly steps: readonly string[];
}

/** A KDL node, without what stands behind slash-dashes. */
interface Node {
  readonly name: string;
  readonly values: readonly string[];
  readonly properties: ReadonlyMap<string, string>;
  readonly children: readonly Node[];
}

/**
 * The names in a VMFile, in its order, read as far as the text can be read; never an error. For completion, which has no
 * time for the parser and is asked while the file is written.
 */
export function outlineVmFile(text: string): OutlinedVm[] {
  const pieces = kdlPieces(text).filter(({ kind }) => !/^(?:space|continuation|.*-comment)$/.test(kind));
  return new NodeReader(pieces)
    .nodes()
    .filter(({ name, values }) => name === 'vm' && values.length > 0)
    .map(({ values, children }) => ({ name: values[0] ?? '', steps: stepNames(children) }));
}

/** A step without a name is called after its type and its place among those of the type: `shell-2`. */
function stepNames(children: readonly Node[]): string[] {
  const counts = new Map<string, number>();
  return children
    .filter(({ name }) => name === 'provision')
    .map(({ values: [type = ''], properties, children: settings }) => {
      const count = (counts.get(type) ?? 0) + 1;
      counts.set(type, count);
      const setting = settings.find(({ name }) => name === 'name')?.values[0];
      return properties.get('name') ?? setting ?? `${type}-${count}`;
    });
}

class NodeReader {
  readonly #pieces: readonly KdlPiece[];
  #at = 0;

  constructor(pieces: readonly KdlPiece[]) {
    this.#pieces = pieces;
  }

  /** Nodes up to the end of the block, or of the text. */
  nodes(): Node[] {
    const nodes: Node[] = [];
    for (let piece = this.#next(); piece !== undefined && piece.text !== '}'; piece = this.#next()) {
      if (piece.kind === 'newline' || piece.text === ';') continue;
      const isOut = piece.kind === 'slash-dash';
      const name = isOut ? this.#next() : piece;
      if (name === undefined) break;
      const node = this.#node(name);
      if (!isOut) nodes.push(node);
    }
    return nodes;
  }

  /** The rest of a node whose name has been read. */
  #node(name: KdlPiece): Node {
    const values: string[] = [];
    const properties = new Map<string, string>();
    const children: Node[] = [];
    let isOut = false;
    for (let piece = this.#peek(); piece !== undefined; piece = this.#peek()) {
      if (piece.kind === 'newline' || piece.text === ';' || piece.text === '}') break;
      this.#at++;
      if (piece.kind === 'slash-dash') {
        isOut = true;
        continue;
      }
      if (piece.text === '{') {
        const block = this.nodes();
        if (!isOut) children.push(...block);
      } else if (this.#peek()?.text === '=') {
        this.#at++;
        const value = this.#next();
        if (!isOut && value !== undefined) properties.set(wordText(piece), wordText(value));
      } else if (!isOut) values.push(wordText(piece));
      isOut = false;
    }
    return { name: wordText(name), values, properties, children };
  }

  #peek(): KdlPiece | undefined {
    return this.#pieces[this.#at];
  }

  #next(): KdlPiece | undefined {
    return this.#pieces[this.#at++];
  }
}

/** What a word says. Names have no escapes but those of JSON. */
function wordText({ text }: KdlPiece): string {
  const [, raw] = /^(?:#+)"([^]*)"#+$/.exec(text) ?? [];
  if (raw !== undefined) return raw;
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}
