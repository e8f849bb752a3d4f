import { hasCode, VmctlError } from '../errors/vmctl-error.js';
import type { EventSink } from '../events/events.js';
import { elapsedSince } from '../host/elapsed.js';
import type { ChosenPackage } from './drift.js';
import { integrityOf, mustBePlugin } from './installed-package.js';
import type { PluginPins } from './lock-file.js';
import type { NpmTrees } from './npm-tree.js';
import type { PluginPin } from './pin.js';
import type { ProjectPluginStore } from './store.js';

/** What installing needs. */
export interface InstallOptions {
  readonly store: ProjectPluginStore;
  readonly npm: NpmTrees;
  /** Pin also what the user has installed and no lock file pins. */
  readonly pinInstalled: boolean;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

/** Installs what is missing of one requirement. Call under the lock of the store. */
export async function installMissing(each: ChosenPackage, options: InstallOptions): Promise<ChosenPackage> {
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
  { store, npm, signal }: InstallOptions,
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

async function installPin(pin: PluginPin, options: InstallOptions): Promise<ChosenPackage['choice']> {
  const { store, npm, events, signal } = options;
  const { name, version } = pin;
  const there = await store.find(pin);
  if (there !== undefined) {
    await mustBePlugin(there);
    return { kind: 'stored', package: there, pin };
  }
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
  const durationMs = elapsedSince(started);
  events.emit({ type: 'plugin.installed', name, version, integrity: pin.integrity, durationMs });
  return { kind: 'stored', package: pkg, pin };
}

/** The pins that a lock file should have now; of a linked plugin the old one stays. */
export function pinsOf(chosen: readonly ChosenPackage[], before: PluginPins | undefined): PluginPins {
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
