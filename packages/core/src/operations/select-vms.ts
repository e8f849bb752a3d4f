import { resolve } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { nearest } from '../errors/nearest.js';
import type { VmDefinition, VmFile } from '../vmfile/model.js';
import type { PluginRequirement } from '../vmfile/plugin-requirement.js';
import type { PluginLookups, ProvisionerLookup, VmNodeLookup } from '../vmfile/read-vmfile.js';
import { vmFileDefaults } from './effective-settings.js';
import type { Runtime } from './runtime.js';

/**
 * Reads the VMFile that `--file` names, or the one of the working directory or its parents.
 *
 * `steps: false` passes over provisioning steps and the nodes of plugins: who stops or names VMs needs neither their
 * plugins nor their files.
 */
export async function loadVmFile(
  runtime: Runtime,
  file: string | undefined,
  options: {
    readonly steps: boolean;
    /** What is done about plugins that the file requires; default: nothing, only installed ones are used. */
    readonly withPlugins?: (
      vmfile: string,
      requirements: readonly PluginRequirement[],
      isSound: boolean,
    ) => Promise<PluginLookups>;
  } = { steps: true },
): Promise<VmFile> {
  const { findVmFile, readVmFile } = await import('../vmfile/read-vmfile.js');
  const path = file === undefined ? await findVmFile(runtime.cwd) : resolve(runtime.cwd, file);
  const { steps, withPlugins } = options;
  const lookups = steps ? await pluginLookups(runtime) : { provisioners: undefined, vmNodes: undefined };
  return readVmFile(path, {
    homeDir: runtime.homeDir,
    defaults: vmFileDefaults(runtime),
    ...lookups,
    withPlugins:
      withPlugins === undefined
        ? undefined
        : (requirements, isSound) => withPlugins(path, requirements, isSound),
  });
}

/** What the plugins of a runtime bring to the reading of a VMFile. */
export async function pluginLookups(runtime: Runtime): Promise<PluginLookups> {
  const [provisioners, vmNodes] = await Promise.all([provisionerLookup(runtime), vmNodeLookup(runtime)]);
  return { provisioners, vmNodes };
}

async function provisionerLookup(runtime: Runtime): Promise<ProvisionerLookup> {
  const plugins = await runtime.plugins();
  return {
    find: (type) =>
      // An unreadable plugin may be the one; the error says so.
      plugins.claims('provisioners', type) || plugins.hasUnreadable
        ? plugins.provisioner(type)
        : Promise.resolve(undefined),
    installed: () => plugins.installed('provisioners'),
  };
}

async function vmNodeLookup(runtime: Runtime): Promise<VmNodeLookup> {
  const plugins = await runtime.plugins();
  return {
    find: (name) => (plugins.claims('vmNodes', name) ? plugins.vmNode(name) : Promise.resolve(undefined)),
    installed: () => plugins.installed('vmNodes'),
  };
}

/**
 * The definitions of that name, all without names, with what they depend on when `withDependencies`.
 *
 * @throws VMCTL_VM_UNKNOWN for a name that is not in the file, with the nearest one
 */
export function selectVms(
  file: VmFile,
  names: readonly string[],
  options: { readonly withDependencies: boolean },
): readonly VmDefinition[] {
  if (names.length === 0) return file.vms;
  const byName = new Map(file.vms.map((vm) => [vm.name, vm]));
  const selected = new Set<string>();
  const select = (name: string): void => {
    if (selected.has(name)) return;
    const vm = byName.get(name);
    if (vm === undefined) throw unknownVm(name, [...byName.keys()], file.path);
    selected.add(name);
    if (options.withDependencies) for (const dependency of vm.dependsOn) select(dependency.vm);
  };
  names.forEach(select);
  return file.vms.filter((vm) => selected.has(vm.name));
}

/** The error for a name that is not among `known`; `where` says where it was looked for. */
export function unknownVm(name: string, known: readonly string[], where: string): VmctlError {
  const near = nearest(name, known);
  return new VmctlError('VMCTL_VM_UNKNOWN', {
    message: `There is no VM "${name}" in ${where}.`,
    hint:
      near === undefined
        ? known.length === 0
          ? 'There is none at all yet: `vmctl up` makes those of a VMFile.kdl.'
          : `There is: ${known.slice(0, 12).join(', ')}${known.length > 12 ? ', …' : ''}.`
        : `Did you mean "${near}"?`,
    details: { name, known },
  });
}
