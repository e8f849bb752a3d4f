import { realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { writeAtomic } from '../host/atomic-file.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { isJsonObject } from '../host/json-object.js';
import { readRegularText } from '../host/regular-file.js';
import { LockDamage, lockDamaged } from './lock-damage.js';
import { type LockedPackage, type PluginPin, placeOf, sorted } from './pin.js';

/** The version of the format that this vmctl writes. */
const FORMAT = 1;
/** What a place in an npm tree looks like; anything else could lead out of it. */
const PLACE =
  /^node_modules\/(?:@[^/@\s]+\/)?[^/@\s.][^/\s]*(?:\/node_modules\/(?:@[^/@\s]+\/)?[^/@\s.][^/\s]*)*$/;
const INTEGRITY =
  /^sha(?:1|256|384|512)-[A-Za-z0-9+/]+={0,2}(?:\s+sha(?:1|256|384|512)-[A-Za-z0-9+/]+={0,2})*$/;
const STRONG_INTEGRITY = /^sha512-[A-Za-z0-9+/]{86}==$/;

/** It becomes part of a path. */
const VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** The pins of a VMFile by package, in no particular order. */
export type PluginPins = ReadonlyMap<string, PluginPin>;

/**
 * The lock file of a VMFile: `VMFile.kdl` has `VMFile.lock`, `lab.kdl` has `lab.lock`. A file of another name has one that
 * no `.kdl` file has, `VMFile` has `VMFile.lock.json`: in a shared one, each would remove what the other requires.
 */
export function lockPathOf(vmfile: string): string {
  return vmfile.endsWith('.kdl') ? vmfile.replace(/kdl$/, 'lock') : `${vmfile}.lock.json`;
}

/**
 * Reads a lock file; undefined when there is none.
 *
 * @throws VMCTL_LOCKFILE_INVALID with the place of the damage
 */
export async function readLock(path: string): Promise<PluginPins | undefined> {
  let text: string;
  try {
    text = await readRegularText(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fsError(error, { verb: 'read', path });
  }
  return parseLock(text, path);
}

/** Writes a lock file, in one step; not when it would stay the same. */
export async function writeLock(path: string, pins: PluginPins): Promise<boolean> {
  const text = formatLock(pins, basename(path));
  const current = await readRegularText(path).catch(() => undefined);
  if (current === text) return false;
  const mode = await stat(path).then(
    (status) => status.mode & 0o777,
    () => 0o644,
  );
  // A link stays one: what it points to is replaced.
  await writeAtomic(await realpath(path).catch(() => path), text, mode);
  return true;
}

/** The text of a lock file: sorted, a line for every fact, so that a change is easy to review and to merge. */
export function formatLock(pins: PluginPins, fileName: string): string {
  const plugins = Object.fromEntries(
    [...pins.values()]
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, range, version, integrity, packages }) => {
        const { [placeOf(name)]: self, ...dependencies } = packages;
        const { version: _version, integrity: _integrity, ...manifest } = self ?? {};
        return [name, { range, version, integrity, manifest: sorted(manifest), tree: sorted(dependencies) }];
      }),
  );
  const document = {
    '//': `${fileName} is made by vmctl from the "plugins" of the VMFile beside it. Commit it; do not edit it.`,
    lockfileVersion: FORMAT,
    plugins,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/**
 * Reads the text of a lock file.
 *
 * @param path - what the file is called in messages
 * @throws VMCTL_LOCKFILE_INVALID with the place of the damage
 */
export function parseLock(text: string, path: string): PluginPins {
  try {
    return readDocument(parseJson(text));
  } catch (error) {
    if (error instanceof LockDamage) throw lockDamaged(error, text, path);
    throw error;
  }
}

function parseJson(text: string): unknown {
  const conflict = /^(?:<{7}|={7}|>{7})(?: |\r?$)/m.exec(text);
  if (conflict !== null) throw LockDamage.conflict(conflict.index);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw LockDamage.syntax(error, text);
  }
}

function readDocument(document: unknown): PluginPins {
  if (!isJsonObject(document)) throw LockDamage.at([], 'it is not an object');
  const { lockfileVersion, plugins } = document;
  if (typeof lockfileVersion === 'number' && lockfileVersion > FORMAT) {
    throw LockDamage.newer(lockfileVersion, FORMAT);
  }
  if (lockfileVersion !== FORMAT)
    throw LockDamage.at(['lockfileVersion'], `"lockfileVersion" is not ${FORMAT}`);
  if (!isJsonObject(plugins)) throw LockDamage.at(['plugins'], '"plugins" is not an object');
  return new Map(Object.entries(plugins).map(([name, entry]) => [name, readPin(name, entry)]));
}

function readPin(name: string, entry: unknown): PluginPin {
  const at = ['plugins', name];
  if (!isJsonObject(entry)) throw LockDamage.at(at, `the entry of ${name} is not an object`);
  const { manifest, tree } = entry;
  const text = (field: 'range' | 'version' | 'integrity'): string => {
    const value = entry[field];
    if (typeof value === 'string' && value !== '') return value;
    throw LockDamage.at([...at, field], `"${field}" of ${name} is no text`);
  };
  const [range, version, integrity] = [text('range'), text('version'), text('integrity')];
  if (!PLACE.test(placeOf(name))) throw LockDamage.at(at, `"${name}" is no package's name`);
  if (!VERSION.test(version)) throw LockDamage.at([...at, 'version'], `"version" of ${name} is no version`);
  if (!STRONG_INTEGRITY.test(integrity)) {
    throw LockDamage.at([...at, 'integrity'], `"integrity" of ${name} is no sha512 digest`);
  }
  if (!isJsonObject(manifest))
    throw LockDamage.at([...at, 'manifest'], `"manifest" of ${name} is not an object`);
  if (!isJsonObject(tree)) throw LockDamage.at([...at, 'tree'], `"tree" of ${name} is not an object`);
  const self: LockedPackage = { ...manifest, version, integrity };
  const packages: Record<string, LockedPackage> = { [placeOf(name)]: self };
  for (const [place, locked] of Object.entries(tree)) packages[place] = readDependency(place, locked, at);
  return { name, range, version, integrity, packages };
}

function readDependency(place: string, locked: unknown, plugin: readonly string[]): LockedPackage {
  const at = [...plugin, 'tree', place];
  if (!isPlace(place)) throw LockDamage.at(at, `"${place}" is no place in an npm tree`);
  if (!isJsonObject(locked)) throw LockDamage.at(at, `the entry of ${place} is not an object`);
  const complaint = complaintAbout(locked);
  if (complaint !== undefined) throw LockDamage.at(at, `${place} ${complaint}`);
  return locked;
}

/** Whether a key of npm's `packages` stays within the tree. */
export function isPlace(place: string): boolean {
  return PLACE.test(place);
}

/** What keeps a package of a tree from being the same bytes everywhere; undefined when nothing does. */
export function complaintAbout({
  version,
  integrity,
  resolved,
  link,
  inBundle,
}: LockedPackage): string | undefined {
  if (link === true) return 'is a link to a folder';
  if (typeof version !== 'string') return 'has no version';
  // Bundled packages are in the tarball of the one that bundles them; a commit of git names its content.
  if (inBundle === true) return undefined;
  if (typeof resolved === 'string' && /^git(?:\+|:)/.test(resolved) && /#[0-9a-f]{40}$/.test(resolved)) {
    return undefined;
  }
  if (typeof integrity !== 'string' || !INTEGRITY.test(integrity)) return 'has no integrity';
  return undefined;
}
