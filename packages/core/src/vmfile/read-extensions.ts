import { isVmctlError, messageOf } from '../errors/vmctl-error.js';
import type { NodeReader } from './node-reader.js';
import { show } from './value-kinds.js';
import type { VmNode } from './vm-node.js';

/** Finds what reads the nodes that plugins bring to `vm`. */
export interface VmNodeLookup {
  /** Undefined when no plugin brings the node; rejects when the one that does cannot be used. */
  find(name: string): Promise<Pick<VmNode, 'decode'> | undefined>;
  /** The names of all nodes that plugins bring. */
  installed(): readonly string[];
}

/**
 * Lets plugins decode what core does not know in a `vm` node, all nodes of a name together. What goes wrong becomes a
 * problem of the first of them; a node that no plugin brings is left unread, which is a problem as well, unless
 * plugins that the file requires are missing (`incomplete`).
 */
export async function decodeExtensions(
  vm: NodeReader,
  lookup: VmNodeLookup,
  options: { readonly incomplete: boolean } = { incomplete: false },
): Promise<Readonly<Record<string, unknown>>> {
  const names = vm.unasked;
  if (names.length > 0) {
    vm.suggest(lookup.installed(), 'More nodes come with plugins: vmctl plugins install PACKAGE');
  }
  const decoded = await Promise.all(
    names.map(async (name): Promise<readonly [string, unknown][]> => {
      try {
        const reader = await lookup.find(name);
        if (reader !== undefined) return [[name, reader.decode(vm.children(name))]];
        if (options.incomplete) vm.passOver(name);
        return [];
      } catch (error) {
        const [first, ...others] = vm.children(name);
        first?.problem(`the node ${show(name)} cannot be used: ${messageOf(error)}`, {
          hint: isVmctlError(error) ? error.hint : undefined,
          cause: error,
        });
        first?.excuse();
        for (const other of others) other.excuse();
        return [];
      }
    }),
  );
  return Object.fromEntries(decoded.flat());
}

/** Passes over whatever core does not know in a `vm` node, for those who only want to know which VMs there are. */
export function passOverExtensions(vm: NodeReader): void {
  for (const name of vm.unasked) vm.passOver(name);
}
