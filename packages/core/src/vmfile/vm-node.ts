import type { VmFileNode } from './node.js';

/**
 * What reads the child nodes of one name in a `vm` node; a plugin brings it.
 *
 * What `decode` returns is the VM's `extensions` entry of that name: `ctx.definition.extensions['hosts-file']`.
 */
export interface VmNode<C = unknown> {
  /** The nodes' name: `hosts-file`. */
  readonly name: string;
  /**
   * Reads all child nodes of that name in one `vm` node, in the file's order; there is at least one. Whether there
   * may be more is the plugin's to say. A property of the `vm` node counts as a node with one argument.
   *
   * Called once for each VM that has such a node, whenever a VMFile is read to bring VMs up or to check it. It only
   * reads: the VM may never be brought up. Problems are recorded on the nodes with their places, never thrown; what
   * is not read is refused for you. When there is any problem in the file, what it returns is thrown away.
   */
  decode(nodes: readonly VmFileNode[]): C;
}
