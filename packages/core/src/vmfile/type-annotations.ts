import type { KdlNode } from './kdl-tree.js';
import type { NodePath } from './place.js';
import type { ProblemList } from './problem-list.js';

/** Type annotations of KDL, `(u8)4`, mean nothing here; nothing in a VMFile is ignored. */
export function checkTypeAnnotations(
  nodes: readonly KdlNode[],
  problems: ProblemList,
  parent: NodePath = [],
): void {
  for (const [index, { tags, children }] of nodes.entries()) {
    const path = [...parent, index];
    const report = (type: string | undefined, of?: number | string): void => {
      if (type === undefined) return;
      problems.add(
        { path, part: { kind: 'type', of } },
        `the type annotation (${type}) has no meaning here`,
        {
          hint: 'Leave it out.',
        },
      );
    };
    report(tags.name);
    for (const [argument, type] of tags.values.entries()) report(type, argument);
    for (const [name, type] of Object.entries(tags.properties)) report(type, name);
    checkTypeAnnotations(children, problems, path);
  }
}
