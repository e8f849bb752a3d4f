import {
  type Document,
  type Entry,
  getLocation,
  type Identifier,
  type Node,
  parse,
  type Tag,
  type Value,
} from '@bgotink/kdl';
import type { KdlNode } from './kdl-tree.js';
import type { NodePath, Place } from './place.js';
import type { TextRange } from './source-text.js';

/** A property that is written more than once in a node, or that the tree cannot hold. */
export interface ExtraProperty {
  readonly path: NodePath;
  readonly name: string;
  readonly range: TextRange;
}

/**
 * Finds places of the tree in the text. kdljs keeps no locations, so the text is parsed once more, by a parser that
 * does; only when there is something to report.
 */
export class Locator {
  readonly #document: Document;

  private constructor(document: Document) {
    this.#document = document;
  }

  /** Undefined when the second parser does not read the text as the first one did, which gave `nodes`. */
  static create(text: string, nodes: readonly KdlNode[]): Locator | undefined {
    const document = parseLike(nodes, text) ?? parseLike(nodes, text.replace(HEX_SEMICOLON, '$1\n'));
    return document === undefined ? undefined : new Locator(document);
  }

  /** Where that is; undefined for the document itself and for what is not there. */
  range({ path, part }: Place): TextRange | undefined {
    const node = this.#node(path);
    if (node === undefined) return undefined;
    return rangeOf(this.#element(node, part)) ?? rangeOf(node.name);
  }

  /** How the value of a place is written in the text: `0x10`. */
  written({ path, part }: Place): string | undefined {
    const node = this.#node(path);
    const element = node === undefined ? undefined : this.#element(node, part);
    return element?.type === 'value' ? element.representation : undefined;
  }

  /** Every property beyond the first of its name in its node, and every one named `__proto__`. */
  extraProperties(): Generator<ExtraProperty> {
    return extraIn(this.#document.nodes, []);
  }

  #node(path: NodePath): Node | undefined {
    let nodes: readonly Node[] | undefined = this.#document.nodes;
    let node: Node | undefined;
    for (const index of path) {
      node = nodes?.[index];
      nodes = node?.children?.nodes;
    }
    return node;
  }

  #element(node: Node, part: Place['part']): Identifier | Value | Tag | undefined {
    switch (part.kind) {
      case 'name':
        return node.name;
      case 'argument':
        return node.getArgumentEntry(part.index)?.value;
      case 'property-name':
        return lastProperty(node, part.name)?.name ?? undefined;
      case 'property-value':
        return lastProperty(node, part.name)?.value;
      case 'type':
        if (part.of === undefined) return node.tag ?? undefined;
        if (typeof part.of === 'number') return node.getArgumentEntry(part.of)?.value.tag ?? undefined;
        return lastProperty(node, part.of)?.value.tag ?? undefined;
    }
  }
}

/** @bgotink/kdl 0.4 takes a semicolon for a hexadecimal digit; a line end means the same, and is as long. */
const HEX_SEMICOLON = /(0x[0-9a-f_]+);/gi;

/** The document, when it has the same nodes. */
function parseLike(nodes: readonly KdlNode[], text: string): Document | undefined {
  try {
    const document = parse(text, { storeLocations: true });
    return agree(nodes, document.nodes) ? document : undefined;
  } catch {
    return undefined;
  }
}

function agree(nodes: readonly KdlNode[], others: readonly Node[]): boolean {
  return (
    nodes.length === others.length &&
    nodes.every((node, index) => {
      const other = others[index];
      if (other?.getName() !== node.name) return false;
      const values = other.getArguments();
      return (
        values.length === node.values.length &&
        values.every((value, at) => Object.is(value, node.values[at])) &&
        Object.keys(node.properties).every((name) => lastProperty(other, name) !== undefined) &&
        agree(node.children, other.children?.nodes ?? [])
      );
    })
  );
}

function* extraIn(nodes: readonly Node[], parent: NodePath): Generator<ExtraProperty> {
  for (const [index, node] of nodes.entries()) {
    const path = [...parent, index];
    const seen = new Set(['__proto__']);
    for (const { name } of node.entries) {
      if (name === null) continue;
      const range = rangeOf(name);
      if (seen.has(name.name) && range !== undefined) yield { path, name: name.name, range };
      seen.add(name.name);
    }
    yield* extraIn(node.children?.nodes ?? [], path);
  }
}

/** The last one counts, in KDL and in the tree. */
function lastProperty(node: Node, name: string): Entry | undefined {
  return node.entries.findLast((entry) => entry.name?.name === name);
}

function rangeOf(element: Identifier | Value | Tag | undefined): TextRange | undefined {
  const location = element === undefined ? undefined : getLocation(element);
  return location === undefined ? undefined : { start: location.start.offset, end: location.end.offset };
}
