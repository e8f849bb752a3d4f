import type { KdlNode } from './kdl-tree.js';
import type { NodePath, Place } from './place.js';

/**
 * What a reader reads: a node of the tree, or a property of one, which counts as a child node with one argument and
 * nothing else.
 */
export interface Subject {
  readonly node: Pick<KdlNode, 'name' | 'values' | 'properties' | 'children'>;
  /** Of the node, or of the one that has the property. */
  readonly path: NodePath;
  readonly isProperty: boolean;
}

/** The document itself, as a node without a name. */
export function documentSubject(nodes: readonly KdlNode[]): Subject {
  return { node: { name: '', values: [], properties: {}, children: nodes }, path: [], isProperty: false };
}

/** What stands in a node, by name: child nodes first, then the property. */
export function subjectsIn({ node, path, isProperty }: Subject): ReadonlyMap<string, readonly Subject[]> {
  const subjects = new Map<string, Subject[]>();
  if (isProperty) return subjects;
  const add = (subject: Subject): void => {
    const known = subjects.get(subject.node.name);
    if (known === undefined) subjects.set(subject.node.name, [subject]);
    else known.push(subject);
  };
  for (const [index, child] of node.children.entries()) {
    add({ node: child, path: [...path, index], isProperty: false });
  }
  for (const [name, value] of Object.entries(node.properties)) {
    add({ node: { name, values: [value], properties: {}, children: [] }, path, isProperty: true });
  }
  return subjects;
}

/** The place of a subject's name, or of one of its arguments when it has that many. */
export function placeOf({ node, path, isProperty }: Subject, argument?: number): Place {
  const isArgument = argument !== undefined && argument < node.values.length;
  if (isProperty) {
    return { path, part: { kind: isArgument ? 'property-value' : 'property-name', name: node.name } };
  }
  return { path, part: isArgument ? { kind: 'argument', index: argument } : { kind: 'name' } };
}
