import { resolve } from 'node:path';
import type { VmNode } from '@vmctl/core/plugin';

/** A node `template-word "facts/web.json"` of a `vm`, read and checked. */
export interface FactsConfig {
  /** On the host, absolute. */
  readonly file: string;
}

/** Reads the nodes. What it returns is `ctx.definition.extensions['template-word']` in the taps of `up`. */
export const node: VmNode<FactsConfig> = {
  name: 'template-word',

  // What is wrong is recorded with its place and never thrown, so that the user sees all problems of a VMFile at once.
  decode([first, second]) {
    second?.problem('a VM has one "template-word"', { hint: 'Remove this one.' });
    // Who does not read the second node gets "unknown" for what is in it as well.
    second?.argument(0);
    const file = first?.argument(0, {
      what: 'file',
      required: true,
      check: (path) => (path.endsWith('/') ? 'must be a file, not a directory' : undefined),
    });
    return { file: resolve(first?.baseDir ?? '/', file ?? '') };
  },
};
