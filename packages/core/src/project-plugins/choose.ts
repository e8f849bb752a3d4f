import prerelease from 'semver/functions/prerelease.js';
import satisfies from 'semver/functions/satisfies.js';
import type { PluginPackage } from '../plugins/manifest.js';
import type { PackageRequirement } from '../vmfile/plugin-requirement.js';
import type { PluginPin } from './pin.js';

/** What there is of a required package. */
export interface Candidates {
  /** A developer's own, from `vmctl plugins link`. */
  readonly linked?: PluginPackage | undefined;
  /** From `vmctl plugins install`, with the integrity that npm noted. */
  readonly user?: { readonly package: PluginPackage; readonly integrity: string | undefined } | undefined;
  /** What the lock file says. */
  readonly pin?: PluginPin | undefined;
  /** The pinned version in vmctl's store for projects. */
  readonly stored?: PluginPackage | undefined;
}

/** What is done about a required package. */
export type Choice =
  | { readonly kind: 'linked'; readonly package: PluginPackage }
  | { readonly kind: 'user'; readonly package: PluginPackage; readonly pin: PluginPin | undefined }
  | { readonly kind: 'stored'; readonly package: PluginPackage; readonly pin: PluginPin }
  /** It is pinned, and not on this machine. */
  | { readonly kind: 'install'; readonly pin: PluginPin }
  /** There is no pin, or one that does not fit the range any more. */
  | { readonly kind: 'resolve'; readonly outdated: PluginPin | undefined };

/**
 * Chooses where a required package is taken from.
 *
 * A linked one goes before everything: who links a plugin works on it. Then comes one that the user has installed,
 * when it is what the lock file says; then the store for projects. `frozen` knows the store alone: only there the
 * dependencies are those of the lock file as well.
 */
export function choose(
  { range }: PackageRequirement,
  { linked, user, pin, stored }: Candidates,
  frozen: boolean,
): Choice {
  if (linked !== undefined) return { kind: 'linked', package: linked };
  if (pin !== undefined && fits(pin, range)) {
    const isPinned = user?.package.version === pin.version && user.integrity === pin.integrity;
    if (user !== undefined && isPinned && !frozen) return { kind: 'user', package: user.package, pin };
    return stored === undefined ? { kind: 'install', pin } : { kind: 'stored', package: stored, pin };
  }
  if (pin === undefined && user !== undefined && !frozen && satisfies(user.package.version, range)) {
    return { kind: 'user', package: user.package, pin: undefined };
  }
  return { kind: 'resolve', outdated: pin };
}

/**
 * Whether a pinned version is within the range. For `*` npm takes what the registry calls the latest, which may be a
 * prerelease, and semver has no prerelease in any range that does not name one: there the word of npm counts.
 */
function fits(pin: PluginPin, range: string): boolean {
  return satisfies(pin.version, range) || (pin.range === range && prerelease(pin.version) !== null);
}
