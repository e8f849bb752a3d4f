import { createHash } from 'node:crypto';

/** A package in an npm tree, as npm's lock file has it. What vmctl does not look at is kept as it is. */
export interface LockedPackage {
  readonly version?: string | undefined;
  /** Subresource integrity of its tarball. */
  readonly integrity?: string | undefined;
  /** Where it comes from, for what comes from no registry (git, a tarball's URL). */
  readonly resolved?: string | undefined;
  readonly [field: string]: unknown;
}

/** One version of a plugin with all that it depends on: enough to install the same bytes anywhere. */
export interface PluginPin {
  readonly name: string;
  /** The range that it was chosen for, as the VMFile had it. */
  readonly range: string;
  readonly version: string;
  /** Subresource integrity (sha512) of the plugin's tarball. */
  readonly integrity: string;
  /** The whole npm tree by place (`node_modules/NAME`), the plugin itself included. */
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** Where a package is in a tree of its own. */
export function placeOf(name: string): string {
  return `node_modules/${name}`;
}

/** Digest of everything that a pin installs: two pins with the same one are the same code. Hexadecimal, 16 digits. */
export function digestOf(pin: PluginPin): string {
  const { name, version, integrity, packages } = pin;
  return createHash('sha256')
    .update(JSON.stringify(sorted({ name, version, integrity, packages })))
    .digest('hex')
    .slice(0, 16);
}

/** The same value with the keys of all its objects in order: equal values are equal texts. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
