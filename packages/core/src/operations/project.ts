import { shellWord } from '../errors/shell-word.js';
import type { PluginPackage } from '../plugins/manifest.js';
import type { ConfirmInstall } from '../project-plugins/prepare.js';
import type { ProjectPluginStore } from '../project-plugins/store.js';
import type { MissingPlugin } from '../project-plugins/survey.js';
import type { VmFile } from '../vmfile/model.js';
import type { PluginRequirement } from '../vmfile/plugin-requirement.js';
import type { Runtime } from './runtime.js';
import { loadVmFile, pluginLookups } from './select-vms.js';

/** A VMFile, and vmctl with the plugins that it requires. */
export interface Project {
  readonly file: VmFile;
  readonly runtime: Runtime;
}

/** What is done about plugins that a VMFile requires and that are not there. */
export interface ProjectPolicy {
  /** Undefined: nothing is installed. */
  readonly confirmInstall?: ConfirmInstall | undefined;
  readonly frozen?: boolean | undefined;
  readonly pinInstalled?: boolean | undefined;
  readonly signal: AbortSignal;
}

/**
 * Reads a VMFile and makes sure that the plugins are there that it requires.
 *
 * @throws VMCTL_VMFILE_INVALID, and what `prepareProjectPlugins` throws
 */
export async function openProject(
  runtime: Runtime,
  fileFlag: string | undefined,
  policy: ProjectPolicy,
): Promise<Project> {
  let ofProject = runtime;
  const file = await loadVmFile(runtime, fileFlag, {
    steps: true,
    withPlugins: async (vmfile, requirements, isSound) => {
      if (!isSound) return (await survey(runtime, vmfile, requirements)).lookups;
      ofProject = runtime.withPlugins(await prepare(runtime, { fileFlag, vmfile, requirements, policy }));
      return pluginLookups(ofProject);
    },
  });
  if (policy.frozen === true && file.plugins.length === 0) {
    await prepare(runtime, { fileFlag, vmfile: file.path, requirements: [], policy });
  }
  return { file, runtime: ofProject };
}

/** A VMFile as far as it can be read with the plugins that are there. */
export interface InspectedProject extends Project {
  /** Plugins that it requires and that are not there: nothing of what they bring is in the file. */
  readonly missing: readonly MissingPlugin[];
}

/**
 * Reads a VMFile with those of its plugins that are there. Nothing is installed.
 *
 * @throws VMCTL_VMFILE_INVALID
 */
export async function inspectProject(
  runtime: Runtime,
  fileFlag: string | undefined,
): Promise<InspectedProject> {
  let found: Awaited<ReturnType<typeof survey>> | undefined;
  const file = await loadVmFile(runtime, fileFlag, {
    steps: true,
    withPlugins: async (vmfile, requirements) => {
      found = await survey(runtime, vmfile, requirements);
      return found.lookups;
    },
  });
  return { file, runtime: found?.surveyed ?? runtime, missing: found?.missing ?? [] };
}

/** Says which plugins of a VMFile are not there. */
export function warnOfMissing({ runtime, missing }: InspectedProject, fileFlag: string | undefined): void {
  for (const { name, range } of missing) {
    runtime.events.emit({
      type: 'warning',
      vm: undefined,
      code: 'VMCTL_PLUGIN_REQUIRED',
      message: `The plugin ${`${name} ${range}`.trim()} is not there. What it brings was not checked.`,
      hint: range === '' ? undefined : `\`vmctl up\` installs it: ${commandWith(fileFlag, '--yes')}`,
    });
  }
}

/** Where the plugins of projects are. */
export async function projectPluginStore(runtime: Runtime): Promise<ProjectPluginStore> {
  const { ProjectPluginStore: Store } = await import('../project-plugins/store.js');
  const { dataDir, processes } = runtime;
  return new Store({ root: dataDir.projectPlugins, locks: dataDir.locks, processes });
}

async function survey(runtime: Runtime, vmfile: string, requirements: readonly PluginRequirement[]) {
  const { surveyProjectPlugins } = await import('../project-plugins/survey.js');
  const { packages, missing } = await surveyProjectPlugins({
    vmfile,
    requirements,
    installed: runtime.packages,
    store: await projectPluginStore(runtime),
  });
  const surveyed = runtime.withPlugins(packages);
  const lookups = await pluginLookups(surveyed);
  return { missing, surveyed, lookups: { ...lookups, incomplete: missing.length > 0 } };
}

async function prepare(
  runtime: Runtime,
  wanted: {
    readonly fileFlag: string | undefined;
    readonly vmfile: string;
    readonly requirements: readonly PluginRequirement[];
    readonly policy: ProjectPolicy;
  },
): Promise<readonly PluginPackage[]> {
  const { fileFlag, vmfile, requirements, policy } = wanted;
  const [{ prepareProjectPlugins }, { createNpmTrees }, store] = await Promise.all([
    import('../project-plugins/prepare.js'),
    import('../project-plugins/npm-tree.js'),
    projectPluginStore(runtime),
  ]);
  const frozen = policy.frozen ?? false;
  return prepareProjectPlugins({
    vmfile,
    requirements,
    installed: runtime.packages,
    store,
    npm: createNpmTrees({ exec: runtime.exec, env: runtime.env }),
    frozen,
    pinInstalled: policy.pinInstalled ?? false,
    confirmInstall: policy.confirmInstall,
    commands: {
      install: commandWith(fileFlag, frozen ? '--frozen --yes' : '--yes'),
      update: commandWith(fileFlag, '--yes'),
    },
    events: runtime.events,
    signal: policy.signal,
  });
}

function commandWith(fileFlag: string | undefined, flags: string): string {
  return fileFlag === undefined ? `vmctl up ${flags}` : `vmctl up --file ${shellWord(fileFlag)} ${flags}`;
}
