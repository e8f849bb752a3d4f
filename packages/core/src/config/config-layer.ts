import type { ImageMirror } from '../images/image-mirrors.js';
import type { ConfigFile } from './config-file.js';
import type { Configured, Origin } from './origin.js';
import { type SettingKey, SETTINGS, type SettingValues } from './settings.js';
import type { PathRoots, Wrong } from './value-kinds.js';

/** What a file says about a backend: whether it is right, the backend's plugin knows. */
export interface BackendEntry {
  readonly file: ConfigFile;
  readonly roots: PathRoots;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What one source says: a file, or the environment. */
export class ConfigLayer {
  readonly #values = new Map<SettingKey, Configured<unknown>>();
  /** By prefix. */
  readonly mirrors = new Map<string, Configured<ImageMirror>>();
  /** By the backend's name. */
  readonly backends = new Map<string, BackendEntry>();

  get<K extends SettingKey>(key: K): Configured<SettingValues[K]> | undefined {
    // `take` is the only way in, and reads each as the kind that the key has.
    return this.#values.get(key) as Configured<SettingValues[K]> | undefined;
  }

  /** Takes a value in, or says what is wrong with it. */
  take(key: SettingKey, given: unknown, roots: PathRoots, origin: Origin): Wrong | undefined {
    const reading = SETTINGS[key].kind.read(given, roots);
    if ('wrong' in reading) return reading;
    this.#values.set(key, { value: reading.value, origin });
    return undefined;
  }
}
