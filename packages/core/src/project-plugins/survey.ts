import { isOfProject, type PluginPackage } from '../plugins/manifest.js';
import type { PluginRequirement } from '../vmfile/plugin-requirement.js';
import { choose } from './choose.js';
import type { ChosenPackage } from './drift.js';
import { integrityOf, readPackage } from './installed-package.js';
import { lockPathOf, type PluginPins, readLock } from './lock-file.js';
import type { ProjectPluginStore } from './store.js';

/** A plugin that a VMFile requires and that is not there. */
export interface MissingPlugin {
  /** A package, or a folder as the VMFile has it. */
  readonly name: string;
  /** Empty for a folder. */
  readonly range: string;
  /** As it is pinned; undefined: the newest that fits. */
  readonly version: string | undefined;
}

/** What is looked at to find out what a VMFile needs. */
export interface ProjectPluginOptions {
  /** Absolute. */
  readonly vmfile: string;
  readonly requirements: readonly PluginRequirement[];
  /** Plugins that are installed and linked without the project. */
  readonly installed: readonly PluginPackage[];
  readonly store: ProjectPluginStore;
}

/** What the requirements come to before anything is installed. */
export interface Survey {
  readonly pins: PluginPins | undefined;
  readonly chosen: readonly ChosenPackage[];
}

/** What of the required plugins is there, and which are not; nothing is installed and nothing is written. */
export async function surveyProjectPlugins(
  options: ProjectPluginOptions,
): Promise<{ readonly packages: readonly PluginPackage[]; readonly missing: readonly MissingPlugin[] }> {
  const found = await survey({ ...options, frozen: false });
  const folders = await Promise.all(
    foldersIn(options.requirements).map(({ path }) => readPackage(path, 'folder')),
  );
  const packages = [...chosenPackages(found), ...folders.flatMap((pkg) => pkg ?? [])].filter(isOfProject);
  const gone = foldersIn(options.requirements)
    .filter((_, index) => folders[index] === undefined)
    .map(({ written }) => ({ name: written, range: '', version: undefined }));
  return { packages, missing: [...missingIn(found, { pinInstalled: false }), ...gone] };
}

/** Looks at the lock file and at what is installed, and chooses where every package is taken from. */
export async function survey(options: ProjectPluginOptions & { readonly frozen: boolean }): Promise<Survey> {
  const { requirements, installed, store, frozen } = options;
  const pins = await readLock(lockPathOf(options.vmfile));
  const chosen = await Promise.all(
    requirements.flatMap((requirement) => {
      if (requirement.kind === 'folder') return [];
      return [chooseFor(requirement)];
    }),
  );
  return { pins, chosen };

  async function chooseFor(requirement: ChosenPackage['requirement']): Promise<ChosenPackage> {
    const { name } = requirement;
    const linked = installed.find((pkg) => pkg.name === name && pkg.origin === 'link');
    const user = installed.find((pkg) => pkg.name === name && pkg.origin === 'user');
    const pin = pins?.get(name);
    const candidates = {
      linked,
      user: user === undefined ? undefined : { package: user, integrity: await integrityOf(user) },
      pin,
      stored: pin === undefined ? undefined : await store.find(pin),
    };
    return { requirement, choice: choose(requirement, candidates, frozen) };
  }
}

/** What has to be installed, or pinned, before the plugins of a VMFile can be used. */
export function missingIn(
  found: Survey,
  options: { readonly pinInstalled: boolean },
): readonly MissingPlugin[] {
  return found.chosen.flatMap(({ requirement: { name, range }, choice }): readonly MissingPlugin[] => {
    if (choice.kind === 'install') return [{ name, range, version: choice.pin.version }];
    if (choice.kind === 'resolve') return [{ name, range, version: undefined }];
    const wantsPin = choice.kind === 'user' && choice.pin === undefined && options.pinInstalled;
    return wantsPin ? [{ name, range, version: choice.package.version }] : [];
  });
}

/** The packages that are there. */
export function chosenPackages({ chosen }: Survey): readonly PluginPackage[] {
  return chosen.flatMap(({ choice }) => ('package' in choice ? [choice.package] : []));
}

/** The requirements that are folders of the repository. */
export function foldersIn(requirements: readonly PluginRequirement[]) {
  return requirements.filter((requirement) => requirement.kind === 'folder');
}
