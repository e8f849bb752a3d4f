import type { ImageMirror } from '../images/image-mirrors.js';
import type { BackendEntry, ConfigLayer } from './config-layer.js';
import type { FoundConfig } from './find-config.js';
import type { Configured } from './origin.js';
import type { ConfigProblem } from './problem.js';
import type { SettingKey, SettingValues } from './settings.js';

/** What the environment and the files say together: variables, then the project's file, then the user's. */
export class Configuration {
  /** The files that were read, or that are wrong. */
  readonly files: FoundConfig;
  /** Everything that is wrong with it; the rest counts. */
  readonly problems: readonly ConfigProblem[];
  /** The strongest first. */
  readonly #layers: readonly ConfigLayer[];

  constructor(parts: {
    readonly layers: readonly ConfigLayer[];
    readonly files: FoundConfig;
    readonly problems: readonly ConfigProblem[];
  }) {
    this.#layers = parts.layers;
    this.files = parts.files;
    this.problems = parts.problems;
  }

  /** A setting and where it comes from; undefined when nothing says it. */
  get<K extends SettingKey>(key: K): Configured<SettingValues[K]> | undefined {
    for (const layer of this.#layers) {
      const found = layer.get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The value of a setting; undefined when nothing says it. */
  value<K extends SettingKey>(key: K): SettingValues[K] | undefined {
    return this.get(key)?.value;
  }

  /** The mirrors of images, the longest prefix first; each prefix is a setting of its own. */
  get mirrors(): readonly Configured<ImageMirror>[] {
    const mirrors = new Map<string, Configured<ImageMirror>>();
    for (const layer of this.#layers.toReversed()) {
      for (const [prefix, mirror] of layer.mirrors) mirrors.set(prefix, mirror);
    }
    return [...mirrors.values()].toSorted((a, b) => b.value.prefix.length - a.value.prefix.length);
  }

  /** What the files say about a backend, the strongest first. */
  backend(name: string): readonly BackendEntry[] {
    return this.#layers.flatMap((layer) => layer.backends.get(name) ?? []);
  }

  /** The backends about which a file says something. */
  get backendNames(): readonly string[] {
    return [...new Set(this.#layers.flatMap((layer) => [...layer.backends.keys()]))];
  }
}
