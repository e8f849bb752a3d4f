import { basename } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { shellWord } from '../errors/shell-word.js';
import { isOfProject, type PluginPackage } from '../plugins/manifest.js';
import { type ChosenPackage, drifted, driftOf } from './drift.js';
import { mustBePlugin, readPackage } from './installed-package.js';
import { type InstallOptions, installMissing, pinsOf } from './install-missing.js';
import { lockPathOf, writeLock } from './lock-file.js';
import {
  chosenPackages,
  foldersIn,
  type MissingPlugin,
  missingIn,
  type ProjectPluginOptions,
  type Survey,
  survey,
} from './survey.js';

/** What would be installed, for whoever decides about it. */
export interface InstallRequest {
  /** Absolute. */
  readonly vmfile: string;
  readonly plugins: readonly MissingPlugin[];
}

/** Decides whether plugins that a VMFile requires are installed. */
export type ConfirmInstall = (request: InstallRequest) => Promise<boolean>;

/** How missing plugins are installed. */
export interface PrepareOptions extends ProjectPluginOptions, InstallOptions {
  /** Refuse whatever differs from the lock file, and never write it. */
  readonly frozen: boolean;
  /** Undefined: nobody can be asked, and nothing is installed. */
  readonly confirmInstall: ConfirmInstall | undefined;
  /** The command that would install, and the one that brings the lock file up to date; for messages. */
  readonly commands: { readonly install: string; readonly update: string };
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
        if (frozen) await refuseDrift(now, options);
        const done: ChosenPackage[] = [];
        for (const each of now.chosen) done.push(await installMissing(each, options));
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

async function refuseDrift(found: Survey, { vmfile, store, commands }: PrepareOptions): Promise<void> {
  const lockPath = lockPathOf(vmfile);
  const sentences = driftOf(found.chosen, found.pins, basename(lockPath));
  for (const { choice } of found.chosen) {
    if (choice.kind !== 'stored' || (await store.isIntact(choice.pin))) continue;
    sentences.push(
      `The files of ${choice.pin.name} ${choice.pin.version} were changed after it was installed. Remove them, and it is installed anew: rm -r ${shellWord(store.directoryOf(choice.pin))}`,
    );
  }
  if (sentences.length > 0) throw drifted(sentences, lockPath, commands.update);
}

/** Whether the lock file has something that is not required any more, or was written for another range. */
function isOutdated({ chosen, pins }: Survey): boolean {
  if (pins === undefined) return false;
  const next = pinsOf(chosen, pins);
  return [...pins.values()].some(({ name, range }) => next.get(name)?.range !== range);
}

async function confirm(plugins: readonly MissingPlugin[], options: PrepareOptions): Promise<void> {
  const { vmfile, confirmInstall, commands } = options;
  if ((await confirmInstall?.({ vmfile, plugins })) === true) return;
  const list = plugins.map(({ name, range, version }) => `${name} ${version ?? range}`).join(', ');
  throw new VmctlError('VMCTL_PLUGIN_REQUIRED', {
    message: `${basename(vmfile)} needs ${plugins.length === 1 ? 'a plugin that is' : 'plugins that are'} not installed: ${list}.`,
    hint: `Install ${plugins.length === 1 ? 'it' : 'them'}: ${commands.install}`,
    details: { vmfile, plugins },
  });
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
