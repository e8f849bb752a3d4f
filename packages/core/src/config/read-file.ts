import { nearest } from '../errors/nearest.js';
import { dirname } from 'node:path';
import { isJsonObject, type JsonObject } from '../host/json-object.js';
import { type ConfigFile, type KeyPath, keyText, originIn } from './config-file.js';
import { ConfigLayer } from './config-layer.js';
import { readMirrors, readPrefix } from './mirrors.js';
import type { ConfigProblems } from './problem.js';
import { SETTING_KEYS, type SettingKey } from './settings.js';
import { type PathRoots, shown } from './value-kinds.js';

/** Reads what a file says; everything that is wrong goes to `problems`, and the rest counts. */
export function readConfigFile(
  file: ConfigFile,
  { homeDir }: Pick<PathRoots, 'homeDir'>,
  problems: ConfigProblems,
): ConfigLayer {
  const roots = { baseDir: dirname(file.path), homeDir };
  const layer = new ConfigLayer();
  const read = new FileReader(file, roots, problems);
  const top = read.group(file.value, []);
  if (top === undefined) return layer;
  read.known(
    top,
    [],
    ['$schema', 'backend', 'parallel', 'dataDir', 'bridge', 'timeouts', 'images', 'backends'],
  );
  const timeouts = read.group(top['timeouts'], ['timeouts']);
  if (timeouts !== undefined) read.known(timeouts, ['timeouts'], ['ready', 'stop']);
  for (const key of SETTING_KEYS) read.setting(layer, key);
  const images = read.group(top['images'], ['images']);
  if (images !== undefined) {
    read.known(images, ['images'], ['mirrors']);
    read.mirrors(layer, images['mirrors']);
  }
  const backends = read.group(top['backends'], ['backends']) ?? {};
  for (const [name, value] of Object.entries(backends)) {
    const settings = read.group(value, ['backends', name]);
    if (settings !== undefined) layer.backends.set(name, { file, roots, settings });
  }
  return layer;
}

class FileReader {
  readonly #file: ConfigFile;
  readonly #roots: PathRoots;
  readonly #problems: ConfigProblems;

  constructor(file: ConfigFile, roots: PathRoots, problems: ConfigProblems) {
    this.#file = file;
    this.#roots = roots;
    this.#problems = problems;
  }

  /** The settings in a group; undefined when there is none. An empty group in YAML is `null`. */
  group(value: unknown, path: KeyPath): JsonObject | undefined {
    if (value === undefined || value === null) return undefined;
    if (isJsonObject(value)) return value;
    const what = path.length === 0 ? 'the configuration' : `"${keyText(path)}"`;
    this.#problems.inFile(this.#file, path, `${what} must be a group of settings, not ${shown(value)}`);
    return undefined;
  }

  /** Refuses what is not among these. */
  known(group: JsonObject, path: KeyPath, keys: readonly string[]): void {
    for (const key of Object.keys(group)) {
      if (keys.includes(key)) continue;
      this.#problems.inFile(this.#file, [...path, key], `unknown setting "${keyText([...path, key])}"`, {
        part: 'key',
        hint: unknownHint(key, path, keys),
      });
    }
  }

  setting(layer: ConfigLayer, key: SettingKey): void {
    const path = key.split('.');
    const value = valueAt(this.#file.value, path);
    if (value === undefined) return;
    const wrong = layer.take(key, value, this.#roots, originIn(this.#file, path));
    if (wrong === undefined) return;
    this.#problems.inFile(this.#file, path, `"${key}" ${wrong.wrong}`, { hint: wrong.hint });
  }

  mirrors(layer: ConfigLayer, value: unknown): void {
    const path = ['images', 'mirrors'];
    for (const [prefix, urls] of Object.entries(this.group(value, path) ?? {})) {
      const at = [...path, prefix];
      const key = readPrefix(prefix);
      const to = readMirrors(urls);
      if ('wrong' in key) {
        this.#problems.inFile(this.#file, at, `the prefix in "images.mirrors" ${key.wrong}`, {
          part: 'key',
          hint: key.hint,
        });
      }
      if ('wrong' in to) {
        const place = to.index === undefined ? at : [...at, to.index];
        this.#problems.inFile(this.#file, place, `"${keyText(place)}" ${to.wrong}`, { hint: to.hint });
      }
      if ('value' in key && 'value' in to) {
        const mirror = { prefix: key.value, urls: to.value };
        layer.mirrors.set(key.value, { value: mirror, origin: originIn(this.#file, at) });
      }
    }
  }
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path)
    current = isJsonObject(current) && Object.hasOwn(current, key) ? current[key] : undefined;
  return current;
}

/** Where a setting belongs that stands in the wrong place, or which one is meant. */
function unknownHint(key: string, path: KeyPath, keys: readonly string[]): string {
  const near = nearest(key, keys);
  if (near !== undefined) return `Did you mean "${near}"?`;
  const elsewhere = SETTING_KEYS.find((each) => each.split('.').at(-1) === key);
  if (elsewhere !== undefined) return `It belongs at "${elsewhere}".`;
  const list = keys.filter((each) => each !== '$schema').join(', ');
  return path.length === 0 ? `There is: ${list}.` : `In "${keyText(path)}" there is: ${list}.`;
}
