import { isVmctlError } from '../../src/errors/vmctl-error.js';
import type { VmDefinition, VmFile } from '../../src/vmfile/model.js';
import type { VmFileNode } from '../../src/vmfile/node.js';
import {
  parseVmFile,
  type ProvisionerLookup,
  type VmFileProblem,
  type VmNodeLookup,
} from '../../src/vmfile/read-vmfile.js';

export const VMFILE_PATH = '/project/VMFile.kdl';
export const HOME = '/home/me';

/** As without any plugin. */
export const NO_VM_NODES: VmNodeLookup = { find: () => Promise.resolve(undefined), installed: () => [] };

/** Types as plugins bring them: `shell` and `file` as everybody knows them. */
const types: Readonly<Record<string, (node: VmFileNode) => unknown>> = {
  shell(node) {
    const inline = node.string('inline');
    const script = node.path('script');
    if (node.has('inline') === node.has('script')) {
      node.problem('a shell step has either "inline" or "script"');
    }
    return { inline, script, args: node.strings('args'), env: node.map('env') };
  },
  file(node) {
    return {
      source: node.path('source', { required: true }),
      destination: node.string('destination', { required: true }),
    };
  },
};

/** A lookup of stubs; `decoders` adds types or replaces them. */
export function stubProvisioners(
  decoders: Readonly<Record<string, (node: VmFileNode) => unknown>> = {},
): ProvisionerLookup {
  const all = { ...types, ...decoders };
  return {
    find: (type) => {
      const decode = Object.hasOwn(all, type) ? all[type] : undefined;
      return Promise.resolve(decode === undefined ? undefined : { decode });
    },
    installed: () => Object.keys(all),
  };
}

/** Parses the text of a VMFile in `/project`. */
export function parse(
  text: string,
  provisioners = stubProvisioners(),
  vmNodes = NO_VM_NODES,
): Promise<VmFile> {
  return parseVmFile(text, { path: VMFILE_PATH, provisioners, vmNodes, homeDir: HOME });
}

/** The definition that a `vm` node with these settings gives. */
export async function vmWith(settings: string): Promise<VmDefinition> {
  const [vm] = (await parse(`vm "web" {\nimage "disk.qcow2"\n${settings}\n}`)).vms;
  if (vm === undefined) throw new Error('The file has no VM.');
  return vm;
}

/** The error that a text gives; fails when it gives none, or one that is not ours. */
export async function errorOf(parsing: Promise<unknown>): Promise<{
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly cause: unknown;
  readonly problems: readonly VmFileProblem[];
}> {
  const error = await parsing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isVmctlError(error)) throw new Error('There was no error of vmctl.', { cause: error });
  const { code, message, hint, cause, details } = error;
  // Only errors about a VMFile are looked at here, and their details have this shape.
  const problems = (details?.['problems'] ?? []) as readonly VmFileProblem[];
  return { code, message, hint, cause, problems };
}

/** The problems of a text, one string each: `2:5 message (hint)`. */
export async function problemsIn(
  text: string,
  provisioners?: ProvisionerLookup,
  vmNodes?: VmNodeLookup,
): Promise<string[]> {
  const { problems } = await errorOf(parse(text, provisioners, vmNodes));
  return problems.map(({ line, column, message, hint }) =>
    [`${line}:${column} ${message}`, ...(hint === undefined ? [] : [`(${hint})`])].join(' '),
  );
}

/** The problems of a `vm` node with these settings, which begin in line 3. */
export function problemsWith(settings: string, provisioners?: ProvisionerLookup): Promise<string[]> {
  return problemsIn(`vm "web" {\nimage "disk.qcow2"\n${settings}\n}`, provisioners);
}
