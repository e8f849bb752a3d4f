import { isVmctlError } from '../errors/vmctl-error.js';
import type { Provisioner } from '../provisioner/contract.js';
import type { VmFileOptions } from '../vmfile/parse-vmfile.js';
import type { VmNode } from '../vmfile/vm-node.js';

/** A problem of a decoded text, with its place in that text. */
export interface DecodeProblem {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly message: string;
  /** What to write instead. */
  readonly hint?: string | undefined;
}

/** What became of a text. */
export interface Decoded<C> {
  /** What `decode` returned; worth something only when there are no problems. Undefined when it was not called. */
  readonly value: C | undefined;
  /** Those that `decode` recorded, what nobody read, and errors of syntax; in the order of the text. */
  readonly problems: readonly DecodeProblem[];
}

/** Where the text is said to be. */
export interface DecodeOptions {
  /** Directory of the VMFile, absolute. Default `/project`. */
  readonly baseDir?: string | undefined;
  /** What `~` is. Default `/home/me`. */
  readonly homeDir?: string | undefined;
}

/**
 * Reads one `provision` node with vmctl's own parser, and lets the provisioner decode it.
 *
 * ```ts
 * const { value, problems } = await decodeStep('provision "nix" flake=".#web"', nix);
 * ```
 *
 * What `decode` throws is passed on: it should record problems.
 */
export function decodeStep<C>(
  text: string,
  provisioner: Pick<Provisioner<C>, 'type' | 'decode'>,
  options: DecodeOptions = {},
): Promise<Decoded<C>> {
  return decodeText<C>(text, options, (decode) => ({
    provisioners: {
      find: async (type) =>
        type === provisioner.type ? { decode: (node) => decode(() => provisioner.decode(node)) } : undefined,
      installed: () => [provisioner.type],
    },
    vmNodes: { find: async () => undefined, installed: () => [] },
  }));
}

/**
 * Reads the nodes of a `vm` with vmctl's own parser, and lets the plugin's node be decoded. Other nodes of vmctl may be
 * in the text.
 *
 * ```ts
 * const { value, problems } = await decodeVmNode('hosts-file { host "10.0.2.2" "db" }', hostsFile);
 * ```
 *
 * What `decode` throws is passed on: it should record problems.
 */
export function decodeVmNode<C>(
  text: string,
  vmNode: VmNode<C>,
  options: DecodeOptions = {},
): Promise<Decoded<C>> {
  return decodeText<C>(text, options, (decode) => ({
    provisioners: { find: async () => undefined, installed: () => [] },
    vmNodes: {
      find: async (name) =>
        name === vmNode.name ? { decode: (nodes) => decode(() => vmNode.decode(nodes)) } : undefined,
      installed: () => [vmNode.name],
    },
  }));
}

type Lookups = Pick<VmFileOptions, 'provisioners' | 'vmNodes'>;

/** The line before the text: what a `vm` cannot do without. */
const HEAD = 'vm "vm" { image "disk.qcow2"; ssh\n';

async function decodeText<C>(
  text: string,
  { baseDir = '/project', homeDir = '/home/me' }: DecodeOptions,
  lookups: (decode: (work: () => C) => C) => Lookups,
): Promise<Decoded<C>> {
  const { parseVmFile } = await import('../vmfile/parse-vmfile.js');
  let value: C | undefined;
  let thrown: { readonly error: unknown } | undefined;
  const decode = (work: () => C): C => {
    try {
      return (value = work());
    } catch (error) {
      thrown = { error };
      throw error;
    }
  };
  try {
    await parseVmFile(`${HEAD}${text}\n}\n`, { path: `${baseDir}/VMFile.kdl`, homeDir, ...lookups(decode) });
    return { value, problems: [] };
  } catch (error) {
    if (thrown !== undefined) throw thrown.error;
    if (!isVmctlError(error) || error.code !== 'VMCTL_VMFILE_INVALID') throw error;
    // The shape that VMCTL_VMFILE_INVALID documents for its details.
    const { problems } = error.details as {
      readonly problems: readonly (DecodeProblem & { file: string })[];
    };
    return {
      value,
      problems: problems.map(({ file: _file, line, ...rest }) => ({ line: line - 1, ...rest })),
    };
  }
}
