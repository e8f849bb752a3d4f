import type { BackendSettings, BackendSettingValues } from '../config/backend-setting.js';
import type { Configuration } from '../config/configuration.js';
import type { BackendReading } from '../config/read-backend.js';
import { homeDirectory } from '../host/home-directory.js';

/** Where the values of backends' settings come from. */
export interface SettingSources {
  readonly configuration?: Configuration | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir?: string | undefined;
  /** Where relative paths in variables start. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** The settings that backends say they have. They are read when they are needed, and not before: few commands do. */
export class BackendConfiguration {
  readonly #sources: SettingSources;
  readonly #declared = new Map<string, BackendSettings>();

  constructor(sources: SettingSources) {
    this.#sources = sources;
  }

  /** Says which settings a backend has; the function that comes back reads them. */
  declare<const T extends BackendSettings>(
    backend: string,
    settings: T,
  ): () => Promise<BackendSettingValues<T>> {
    this.#declared.set(backend, settings);
    return async () => {
      const { values, problems } = await this.#read(backend, settings);
      if (problems.length > 0) {
        const { invalidConfig } = await import('../config/invalid-config.js');
        throw invalidConfig(problems);
      }
      const entries = [...values].map(([key, configured]) => [key, configured?.value] as const);
      // Each value was read as the kind that its setting says.
      return Object.fromEntries(entries) as BackendSettingValues<T>;
    };
  }

  /** What a backend that has been made has declared, and what became of it. */
  async inspect(backend: string): Promise<{ readonly settings: BackendSettings } & BackendReading> {
    const settings = this.#declared.get(backend) ?? {};
    return { settings, ...(await this.#read(backend, settings)) };
  }

  async #read(backend: string, settings: BackendSettings): Promise<BackendReading> {
    const { configuration, env, homeDir = homeDirectory(), cwd = process.cwd() } = this.#sources;
    const { readBackend } = await import('../config/read-backend.js');
    const entries = configuration?.backend(backend) ?? [];
    return readBackend(backend, settings, { entries, env, roots: { baseDir: cwd, homeDir } });
  }
}
