/** A node of the document: the index among its siblings, level by level from the top. Empty: the document itself. */
export type NodePath = readonly number[];

/** The part of a node that is meant. */
export type PlacePart =
  | { readonly kind: 'name' }
  /** Positional argument, from 0. */
  | { readonly kind: 'argument'; readonly index: number }
  | { readonly kind: 'property-name' | 'property-value'; readonly name: string }
  /** The type annotation, `(u8)`, of an argument (number), of a property (name), or else of the node. */
  | { readonly kind: 'type'; readonly of?: number | string | undefined };

/** A place in the tree. Where it is in the text is found out when it is reported, and not before. */
export interface Place {
  readonly path: NodePath;
  readonly part: PlacePart;
}
