import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { LARGEST, tooLarge } from './file-content.js';
import { checkFile } from './file-rules.js';
import type { KdlNode } from './kdl-tree.js';
import type { Locator } from './locator.js';
import type { VmDefinition, VmFile } from './model.js';
import { NodeReader } from './node-reader.js';
import type { PluginRequirement } from './plugin-requirement.js';
import { ProblemList } from './problem-list.js';
import { decodeExtensions, passOverExtensions, type VmNodeLookup } from './read-extensions.js';
import { decodeSteps, type ProvisionerLookup } from './read-provision.js';
import { type DeclaredVm, readVm, type VmFileDefaults } from './read-vm.js';
import { SourceText } from './source-text.js';
import { checkTypeAnnotations } from './type-annotations.js';
import { VM_SETTINGS } from './vm-settings.js';

/** What plugins bring to the reading of a VMFile. */
export interface PluginLookups {
  /** Brings the types of provisioning steps. Undefined: steps are passed over, for those who do not run them. */
  readonly provisioners: ProvisionerLookup | undefined;
  /** Brings the nodes of plugins. Undefined: what core does not know in a VM is passed over. */
  readonly vmNodes: VmNodeLookup | undefined;
  /**
   * True: a plugin that the file requires is not there. What nobody brings is passed over then, for it may come with
   * that plugin. Default false.
   */
  readonly incomplete?: boolean | undefined;
}

/** What a VMFile is read with. */
export interface VmFileOptions extends PluginLookups {
  /**
   * Called once when the file requires plugins, before anything of plugins is decoded. What it gives is used in place
   * of the lookups here.
   *
   * @param isSound - false when the file has problems already: then nothing should be installed for it
   */
  readonly withPlugins?:
    ((requirements: readonly PluginRequirement[], isSound: boolean) => Promise<PluginLookups>) | undefined;
  /** What counts for settings that VMs leave out; default: nothing of it. */
  readonly defaults?: VmFileDefaults | undefined;
  /** What `~` is; default: the user's home directory. */
  readonly homeDir?: string | undefined;
}

/**
 * Reads the text of a VMFile; touches no file. Whether files that it names exist is not looked at.
 *
 * @param options.path - what the file is called in messages, and whose directory relative paths start from
 * @throws VMCTL_VMFILE_INVALID with all problems, each with its place
 */
export async function parseVmFile(
  text: string,
  options: VmFileOptions & { readonly path: string },
): Promise<VmFile> {
  const path = resolve(options.path);
  if (text.length > LARGEST) throw tooLarge(path);
  const source = new SourceText(text.startsWith('\ufeff') ? text.slice(1) : text);
  const { nodes, locator } = await parseTree(source, path);

  const problems = new ProblemList();
  const baseDir = dirname(path);
  const homeDir = options.homeDir ?? homedir();
  const document = NodeReader.document(nodes, { baseDir, homeDir, problems, locator });
  // Who writes a VM's settings beside it is told where they belong.
  for (const name of VM_SETTINGS) document.hintAbout(name, `It belongs into a VM: vm "…" { ${name} … }`);
  const plugins = await readRequirements(document);
  const declared = document.children('vm').map((node) => readVm(node, options.defaults ?? {}));
  if (declared.length === 0) {
    document.problem('there is no VM in the file', {
      hint: 'Add one: vm "web" { image "path/to/disk.qcow2" }',
    });
  }
  checkFile(declared);
  checkTypeAnnotations(nodes, problems);
  const isSound = (): boolean => problems.count === 0 && locator?.extraProperties().next().done !== false;
  const lookups =
    plugins.length === 0 ? options : ((await options.withPlugins?.(plugins, isSound())) ?? options);
  const vms = await Promise.all(declared.map((vm) => define(vm, lookups)));
  document.finish();

  if (!isSound()) throw await invalid({ path, source, nodes, problems, locator });
  return { path, baseDir, plugins, vms };
}

/** The plugins that the file requires. Most files require none, and do not pay for reading ranges of versions. */
async function readRequirements(document: NodeReader): Promise<readonly PluginRequirement[]> {
  const node = document.child('plugins');
  if (node === undefined) return [];
  const { readPlugins } = await import('./read-plugins.js');
  return readPlugins(node);
}

async function define(vm: DeclaredVm, lookups: PluginLookups): Promise<VmDefinition> {
  const { provisioners, vmNodes, incomplete = false } = lookups;
  if (provisioners === undefined) for (const { node } of vm.steps) node.excuse();
  if (vmNodes === undefined) passOverExtensions(vm.node);
  const [provision, extensions] = await Promise.all([
    provisioners === undefined ? [] : decodeSteps(vm.steps, provisioners, { incomplete }),
    vmNodes === undefined ? {} : decodeExtensions(vm.node, vmNodes, { incomplete }),
  ]);
  return { ...vm.definition, provision, extensions };
}

/** The tree of the text; with a locator when the tree does not say all that the text says. */
async function parseTree(
  source: SourceText,
  path: string,
): Promise<{ readonly nodes: readonly KdlNode[]; readonly locator: Locator | undefined }> {
  // kdljs is the largest import of a command that reads a VMFile, and the second parser is seldom needed.
  const { parseKdl } = await import('./kdl-parser.js');
  const parsed = parseKdl(source.text);
  if (parsed.ok)
    return { nodes: parsed.nodes, locator: parsed.faithful ? undefined : await locate(source, parsed.nodes) };

  const { syntaxError } = await import('./syntax-error.js');
  throw syntaxError({ path, source, failure: parsed });
}

async function locate({ text }: SourceText, nodes: readonly KdlNode[]): Promise<Locator | undefined> {
  const { Locator } = await import('./locator.js');
  return Locator.create(text, nodes);
}

async function invalid(found: {
  readonly path: string;
  readonly source: SourceText;
  readonly nodes: readonly KdlNode[];
  readonly problems: ProblemList;
  readonly locator: Locator | undefined;
}): Promise<Error> {
  const { path, source, problems } = found;
  const [{ invalidVmFile }, locator] = await Promise.all([
    import('./invalid-vmfile.js'),
    found.locator ?? locate(source, found.nodes),
  ]);
  const placed = problems.problems.map(({ place, message, hint }) => ({
    range: locator?.range(place) ?? { start: 0, end: 0 },
    message,
    hint,
  }));
  const extra = [...(locator?.extraProperties() ?? [])].map(({ name, range }) => ({
    range,
    message: name === '__proto__' ? 'unknown property "__proto__"' : `"${name}" is given twice`,
    hint: name === '__proto__' ? undefined : 'Keep one of them.',
  }));
  return invalidVmFile({
    path,
    source,
    problems: [...placed, ...extra],
    count: problems.count + extra.length,
    cause: problems.cause,
  });
}
