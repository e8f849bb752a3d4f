import { VmctlError } from '../errors/vmctl-error.js';
import { isJsonObject } from '../host/json-object.js';
import { complaintAbout, isPlace } from './lock-file.js';
import { type LockedPackage, type PluginPin, placeOf } from './pin.js';

/** Fields of npm's lock that say nothing about what is installed. */
const CHATTER: ReadonlySet<string> = new Set(['license', 'funding', 'deprecated', 'dev']);
const CORE = '@vmctl/core';

/** What npm made of a requirement: the pin, or a reason to ask npm differently. */
export type Resolution =
  | { readonly kind: 'pinned'; readonly pin: PluginPin }
  /** The plugin wants core as a mandatory peer; npm must be told to leave peers alone. */
  | { readonly kind: 'brings-core-as-peer' };

/**
 * Reads npm's package-lock.json of a tree with one plugin.
 *
 * @throws VMCTL_PLUGIN_INVALID when the plugin brings a copy of core, or something that is not the same everywhere
 */
export function readNpmLock(
  text: string,
  wanted: { readonly name: string; readonly range: string },
): Resolution {
  const { name, range } = wanted;
  const lock = JSON.parse(text) as { packages?: Readonly<Record<string, LockedPackage>> }; // npm wrote it just now
  const packages: Record<string, LockedPackage> = {};
  for (const [place, entry] of Object.entries(lock.packages ?? {})) {
    if (place === '') continue;
    if (place.endsWith(placeOf(CORE))) {
      if (entry['peer'] === true) return { kind: 'brings-core-as-peer' };
      throw bringsCore(name);
    }
    const complaint = isPlace(place) ? complaintAbout(entry) : 'is outside of the tree';
    if (complaint !== undefined) throw notReproducible(name, place, complaint);
    packages[place] = Object.fromEntries(Object.entries(entry).filter(([field]) => !CHATTER.has(field)));
  }
  const { version, integrity } = packages[placeOf(name)] ?? {};
  if (version === undefined || integrity?.startsWith('sha512-') !== true) {
    throw notReproducible(name, name, 'has no sha512 integrity');
  }
  return { kind: 'pinned', pin: { name, range, version, integrity, packages } };
}

/** The two files from which `npm ci` makes exactly the tree of a pin. */
export function npmFilesOf(pin: PluginPin): { readonly manifest: string; readonly lock: string } {
  const root = { name: 'vmctl-project-plugin', private: true, dependencies: { [pin.name]: pin.version } };
  return {
    manifest: `${JSON.stringify(root, undefined, 2)}\n`,
    lock: `${JSON.stringify(
      { name: root.name, lockfileVersion: 3, requires: true, packages: { '': root, ...pin.packages } },
      undefined,
      2,
    )}\n`,
  };
}

/** Whether a pin was made with peers left alone: then they have to be left alone when it is installed, too. */
export function leavesPeersAlone(pin: PluginPin): boolean {
  const { peerDependencies, peerDependenciesMeta } = pin.packages[placeOf(pin.name)] ?? {};
  if (!isJsonObject(peerDependencies) || !Object.hasOwn(peerDependencies, CORE)) return false;
  const meta = isJsonObject(peerDependenciesMeta) ? peerDependenciesMeta[CORE] : undefined;
  return !(isJsonObject(meta) && meta['optional'] === true);
}

function bringsCore(name: string): VmctlError {
  return new VmctlError('VMCTL_PLUGIN_INVALID', {
    message: `The plugin ${name} depends on @vmctl/core and would bring a second copy of it, which would not work together with this one.`,
    hint: 'Its package.json has to name @vmctl/core under "peerDependencies", as optional. Tell its authors.',
    details: { plugin: name },
  });
}

function notReproducible(name: string, place: string, complaint: string): VmctlError {
  return new VmctlError('VMCTL_PLUGIN_INVALID', {
    message: `The plugin ${name} cannot be pinned: ${place} ${complaint}, so that it could be different code elsewhere.`,
    hint: 'Its packages have to come from a registry that gives their integrity, or from commits of git.',
    details: { plugin: name, place },
  });
}
