import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PluginPackageOptions, writePluginPackage } from './plugin-package.js';
import { type Registry, startRegistry } from './registry.js';
import { type CommandResult, VmctlHome } from './vmctl-home.js';

/** Settings with which every request to a registry fails at once: nothing listens there, and one try is enough. */
export const NO_REGISTRY = {
  VMCTL_NPM_REGISTRY: 'http://127.0.0.1:1/',
  NPM_CONFIG_FETCH_RETRIES: '0',
} as const;

/** What `--json` prints of an error, with the exit status. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly exit: number | null;
}

/** A home whose `~/.npmrc` names a registry on loopback; for tests of `vmctl plugins`. */
export class PluginsHome {
  readonly registry: Registry;
  readonly home: VmctlHome;
  #folders = 0;

  private constructor(registry: Registry, home: VmctlHome) {
    this.registry = registry;
    this.home = home;
  }

  static async create(): Promise<PluginsHome> {
    const registry = await startRegistry();
    const home = await VmctlHome.create();
    await writeFile(join(home.root, '.npmrc'), registry.npmrc);
    return new PluginsHome(registry, home);
  }

  /** Runs `vmctl plugins …`. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
    return this.home.start(['plugins', ...args], { env }).done;
  }

  /** Runs it with `--json`, and gives the error that it ends with. */
  async failure(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Failure> {
    const { stdout, code } = await this.run([...args, '--json'], env);
    const { error } = JSON.parse(stdout) as { error: Omit<Failure, 'exit'> };
    return { ...error, exit: code };
  }

  /** `name version origin` of every plugin. */
  async installed(): Promise<string[]> {
    const { plugins } = (await this.home.json('plugins')) as {
      plugins: { name: string; version: string; origin: string }[];
    };
    return plugins.map(({ name, version, origin }) => `${name} ${version} ${origin}`);
  }

  /** What the store holds, whether it is used or not. */
  async kept(): Promise<string[]> {
    const path = join(this.home.dataDir, 'plugins/packages');
    return existsSync(path) ? readdir(path) : [];
  }

  /** Writes a plugin into a folder of its own, and gives the folder. */
  write(options: PluginPackageOptions): Promise<string> {
    this.#folders += 1;
    return writePluginPackage({ directory: join(this.home.root, `plugin-${this.#folders}`), ...options });
  }

  async publish(options: PluginPackageOptions): Promise<void> {
    await this.registry.publish(await this.write(options));
  }

  /** Removes every plugin, for the next test. */
  async reset(): Promise<void> {
    const { code, stderr } = await this.run(['reset', '--yes']);
    if (code !== 0) throw new Error(`plugins reset failed: ${stderr}`);
  }

  async remove(): Promise<void> {
    await this.home.remove();
    await this.registry.stop();
  }
}
