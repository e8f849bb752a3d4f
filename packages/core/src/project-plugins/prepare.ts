import { basename } from 'node:path';
import { hasCode, VmctlError } from '../errors/vmctl-error.js';
import type { EventSink } from '../events/events.js';
import { isOfProject, type PluginPackage } from '../plugins/manifest.js';
import type { PluginRequirement } from '../vmfile/plugin-requirement.js';
import { choose } from './choose.js';
import { type ChosenPackage, drifted, driftOf } from './drift.js';
import { integrityOf, mustBePlugin, readPackage } from './installed-package.js';
import { lockPathOf, type PluginPins, readLock, writeLock } from './lock-file.js';
import type { NpmTrees } from './npm-tree.js';
import type { PluginPin } from './pin.js';
import type { ProjectPluginStore } from './store.js';

/** What would be installed, for whoever decides about it. */
export interface InstallRequest {
  /** Absolute. */
  readonly vmfile: string;
  /** Plugins that the VMFile requires and that are not there. */
  readonly plugins: readonly {
    readonly name: string;
    readonly range: string;
    /** As it is pinned; undefined: the newest that fits. */
    readonly version: string | undefined;
  }[];
}

/** Decides whether plugins that a VMFile requires are installed. */
export type ConfirmInstall = (request: InstallRequest) => Promise<boolean>;

/** What {@link prepareProjectPlugins} and {@link surveyProjectPlugins} look at. */
export interface ProjectPluginOptions {
  /** Absolute. */
  readonly vmfile: string;
  readonly requirements: readonly PluginRequirement[];
  /** Plugins that are installed and linked without the project. */
  readonly installed: readonly PluginPackage[];
  readonly store: ProjectPluginStore;
}

/** How missing plugins are installed. */
export interface PrepareOptions extends ProjectPluginOptions {
  readonly npm: NpmTrees;
  /** Refuse whatever differs from the lock file, and never write it. */
  readonly frozen: boolean;
  /** Pin also what the user has installed and no lock file pins. */
  readonly pinInstalled: boolean;
  /** Undefined: nobody can be asked, and nothing is installed. */
  readonly confirmInstall: ConfirmInstall | undefined;
  /** The command that would install, and the one that brings the lock file up to date; for messages. */
  readonly commands: { readonly install: string; readonly update: string };
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

/** What the requirements come to before anything is installed. */
interface Survey {
  readonly pins: PluginPins | undefined;
  readonly chosen: readonly ChosenPackage[];
}

/**
 * Makes sure that every plugin that a VMFile requires is there, in the version that its lock file pins, and gives the
 * packages that go before or beside the installed ones.
 *
 * @throws VMCTL_PLUGIN_REQUIRED when something is missing and was not confirmed
 * @throws VMCTL_LOCKFILE_INVALID, VMCTL_LOCKFILE_DRIFT (with `frozen`)
 * @throws VMCTL_PLUGIN_INVALID and the like for a package that is no plugin, and what npm fails with
 */
export async function prepareProjectPlugins(options: PrepareOptions): Promise<readonly PluginPackage[]> {
  const { store, frozen, signal, events } = options;
  const lockPath = lockPathOf(options.vmfile);
  let found = await survey(options);
  if (frozen) await refuseDrift(found, options);
  const missing = missingIn(found, options);
  if (missing.length > 0) await confirm(missing, options);
  if (missing.length > 0 || (!frozen && isOutdated(found))) {
    found = await store.locked(
      async () => {
        // Somebody else may have installed and pinned it meanwhile.
        const now = await survey(options);
        const done: ChosenPackage[] = [];
        for (const each of now.chosen) done.push(await install(each, options));
        const pins = pinsOf(done, now.pins);
        if (!frozen && (await writeLock(lockPath, pins))) {
          events.emit({ type: 'lockfile.written', path: lockPath, plugins: [...pins.keys()].toSorted() });
        }
        return { pins, chosen: done };
      },
      {
        signal,
        onWait: ({ pid, purpose }) =>
          events.emit({
            type: 'warning',
            vm: undefined,
            code: 'VMCTL_LOCKED',
            message: `Waiting: another vmctl (process ${pid}) is ${purpose}.`,
          }),
      },
    );
  }
  return packagesOf(found, options);
}

/** What of the required plugins is there, and which are not; nothing is installed and nothing is written. */
export async function surveyProjectPlugins(
  options: ProjectPluginOptions,
): Promise<{ readonly packages: readonly PluginPackage[]; readonly missing: InstallRequest['plugins'] }> {
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

async function survey(options: ProjectPluginOptions & { readonly frozen: boolean }): Promise<Survey> {
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

async function refuseDrift(found: Survey, { vmfile, store, commands }: PrepareOptions): Promise<void> {
  const lockPath = lockPathOf(vmfile);
  const sentences = driftOf(found.chosen, found.pins, basename(lockPath));
  for (const { choice } of found.chosen) {
    if (choice.kind !== 'stored' || (await store.isIntact(choice.pin))) continue;
    sentences.push(
      `The files of ${choice.pin.name} ${choice.pin.version} were changed after it was installed. Remove them, and it is installed anew: rm -r '${store.directoryOf(choice.pin)}'`,
    );
  }
  if (sentences.length > 0) throw drifted(sentences, lockPath, commands.update);
}

function missingIn(found: Survey, options: { readonly pinInstalled: boolean }): InstallRequest['plugins'] {
  return found.chosen.flatMap(({ requirement: { name, range }, choice }): InstallRequest['plugins'] => {
    if (choice.kind === 'install') return [{ name, range, version: choice.pin.version }];
    if (choice.kind === 'resolve') return [{ name, range, version: undefined }];
    const wantsPin = choice.kind === 'user' && choice.pin === undefined && options.pinInstalled;
    return wantsPin ? [{ name, range, version: choice.package.version }] : [];
  });
}

/** Whether the lock file has something that is not required any more, or was written for another range. */
function isOutdated({ chosen, pins }: Survey): boolean {
  if (pins === undefined) return false;
  const next = pinsOf(chosen, pins);
  return [...pins.values()].some(({ name, range }) => next.get(name)?.range !== range);
}

async function confirm(plugins: InstallRequest['plugins'], options: PrepareOptions): Promise<void> {
  const { vmfile, confirmInstall, commands } = options;
  if ((await confirmInstall?.({ vmfile, plugins })) === true) return;
  const list = plugins.map(({ name, range, version }) => `${name} ${version ?? range}`).join(', ');
  throw new VmctlError('VMCTL_PLUGIN_REQUIRED', {
    message: `${basename(vmfile)} needs ${plugins.length === 1 ? 'a plugin that is' : 'plugins that are'} not installed: ${list}.`,
    hint: `Install ${plugins.length === 1 ? 'it' : 'them'}: ${commands.install}`,
    details: { vmfile, plugins },
  });
}

/** Installs what is missing of one requirement. Under the lock of the store. */
async function install(each: ChosenPackage, options: PrepareOptions): Promise<ChosenPackage> {
  const { requirement, choice } = each;
  if (choice.kind === 'install') return { requirement, choice: await installPin(choice.pin, options) };
  if (choice.kind === 'resolve') {
    return { requirement, choice: await installPin(await resolve(requirement, undefined, options), options) };
  }
  if (choice.kind !== 'user' || choice.pin !== undefined || !options.pinInstalled) return each;
  const pin = await resolve(requirement, choice.package.version, options);
  if (pin.version === choice.package.version && pin.integrity === (await integrityOf(choice.package))) {
    return { requirement, choice: { ...choice, pin } };
  }
  return { requirement, choice: await installPin(pin, options) };
}

/** Pins a requirement: the version that is preferred when the registry has it, else the newest that fits. */
async function resolve(
  requirement: ChosenPackage['requirement'],
  preferred: string | undefined,
  { store, npm, signal }: PrepareOptions,
): Promise<PluginPin> {
  const { name, range } = requirement;
  if (preferred !== undefined) {
    try {
      return await npm.resolve({ name, range, version: preferred }, await store.createStaging(), signal);
    } catch (error) {
      if (!hasCode(error, 'VMCTL_PLUGIN_NOT_FOUND')) throw error;
    }
  }
  return npm.resolve({ name, range }, await store.createStaging(), signal);
}

async function installPin(pin: PluginPin, options: PrepareOptions): Promise<ChosenPackage['choice']> {
  const { store, npm, events, signal } = options;
  const { name, version } = pin;
  const there = await store.find(pin);
  if (there !== undefined) return { kind: 'stored', package: there, pin };
  const started = performance.now();
  events.emit({ type: 'plugin.installing', name, version });
  const staging = await store.createStaging();
  await npm.install(pin, staging, signal);
  const pkg = await store.put(pin, staging);
  if (pkg === undefined) {
    throw new VmctlError('VMCTL_PLUGIN_INVALID', {
      message: `npm installed ${name} ${version}, but there is no package.json with a name and a version in it.`,
      hint: 'Require another version of it in "plugins" of the VMFile, or tell its authors.',
      details: { plugin: name },
    });
  }
  // Before it is pinned: what is no plugin should not get into a lock file.
  await mustBePlugin(pkg);
  const durationMs = performance.now() - started;
  events.emit({ type: 'plugin.installed', name, version, integrity: pin.integrity, durationMs });
  return { kind: 'stored', package: pkg, pin };
}

/** The pins that a lock file should have now; of a linked plugin the old one stays. */
function pinsOf(chosen: readonly ChosenPackage[], before: PluginPins | undefined): PluginPins {
  const pins = new Map<string, PluginPin>();
  for (const { requirement, choice } of chosen) {
    const { name, range } = requirement;
    const kept = before?.get(name);
    if (!('pin' in choice)) {
      if (kept !== undefined) pins.set(name, kept);
    } else if (choice.pin !== undefined) pins.set(name, { ...choice.pin, range });
  }
  return pins;
}

async function packagesOf(found: Survey, options: PrepareOptions): Promise<readonly PluginPackage[]> {
  const { vmfile, events, requirements } = options;
  for (const { requirement, choice } of found.chosen) {
    if (choice.kind === 'linked') {
      const { name, version, root } = choice.package;
      events.emit({ type: 'plugin.linked', name, version, path: root, range: requirement.range });
    } else if (choice.kind === 'user' && choice.pin === undefined) {
      const { name, version } = choice.package;
      events.emit({
        type: 'warning',
        vm: undefined,
        code: 'VMCTL_PLUGIN_UNPINNED',
        message: `${name} ${version} is the one that you have installed; ${basename(lockPathOf(vmfile))} does not pin it.`,
        hint: `Pin it for everybody who uses this VMFile: ${options.commands.install}`,
      });
    }
  }
  const packages = [...chosenPackages(found)];
  for (const { written, path } of foldersIn(requirements)) {
    const pkg = await readPackage(path, 'folder');
    if (pkg === undefined) throw noPackage(written, path, vmfile);
    packages.push(pkg);
  }
  const names = new Set<string>();
  for (const pkg of packages) {
    if (names.has(pkg.name)) throw requiredTwice(pkg.name, vmfile);
    names.add(pkg.name);
    await mustBePlugin(pkg);
  }
  return packages.filter(isOfProject);
}

function chosenPackages({ chosen }: Survey): readonly PluginPackage[] {
  return chosen.flatMap(({ choice }) => ('package' in choice ? [choice.package] : []));
}

function foldersIn(requirements: readonly PluginRequirement[]) {
  return requirements.filter((requirement) => requirement.kind === 'folder');
}

function noPackage(written: string, path: string, vmfile: string): VmctlError {
  return new VmctlError('VMCTL_PLUGIN_INVALID', {
    message: `${basename(vmfile)} requires the plugin "${written}", but there is no package in ${path}: no package.json with a name and a version.`,
    hint: 'The path is relative to the VMFile. A folder is used as it is; it has to be a built plugin.',
    details: { path },
  });
}

function requiredTwice(name: string, vmfile: string): VmctlError {
  return new VmctlError('VMCTL_PLUGIN_CONFLICT', {
    message: `${basename(vmfile)} requires the plugin ${name} twice: as a folder, and once more.`,
    hint: 'Keep one of them in "plugins".',
    details: { plugins: [name] },
  });
}
