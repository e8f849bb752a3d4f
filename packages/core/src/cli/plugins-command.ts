import type { Configuration } from '../config/configuration.js';
import { createExec } from '../host/exec.js';
import type { LockHolder } from '../host/lock.js';
import { createProcessTable } from '../host/process-table.js';
import type { KnownPlugins } from '../plugin-store/plugin-details.js';
import type { ChangeOptions } from '../plugin-store/changes.js';
import { PluginStore } from '../plugin-store/plugin-store.js';
import { BaseCommand } from './base-command.js';
import { Waiting } from './waiting.js';
import { brokenPlugins } from './load-plugins.js';
import { pluginsDirectory } from './plugins-directory.js';

/** What the commands that work on the installed plugins share. */
export abstract class PluginsCommand extends BaseCommand {
  #waiting: Waiting | undefined;

  /** Plugins are found without one. What looks after VMs as well reads it. */
  protected override readConfiguration(): Promise<Configuration | undefined> {
    return Promise.resolve(undefined);
  }

  protected store(): PluginStore {
    return new PluginStore({
      directory: pluginsDirectory(process.env),
      exec: createExec(),
      env: process.env,
      processes: createProcessTable(),
      coreVersion: this.config.version,
    });
  }

  /** Every plugin, and what the store knows of it. */
  protected async knownPlugins(): Promise<KnownPlugins> {
    return {
      packages: this.pluginPackages(),
      broken: brokenPlugins(this.config),
      entries: await this.store().entries(),
      directory: pluginsDirectory(process.env),
    };
  }

  /** What a change is given: Ctrl-C, and on a terminal what it is doing. */
  protected changeOptions(): ChangeOptions & { readonly cwd: string } {
    this.handleInterrupts();
    return {
      cwd: process.cwd(),
      signal: this.signal,
      onStart: (spec) => this.sayWaiting(`fetching ${spec}`),
      onWait: ({ pid, purpose }: LockHolder) =>
        this.sayWaiting(`waiting for process ${pid} (vmctl ${purpose})`),
    };
  }

  /** Says on a terminal what takes so long, until something else is said. */
  protected sayWaiting(text: string): void {
    this.#waiting?.end();
    this.#waiting = new Waiting(text, { json: this.jsonEnabled() });
  }

  override log(message?: string, ...rest: unknown[]): void {
    this.#waiting?.end();
    super.log(message, ...rest);
  }

  override logToStderr(message?: string, ...rest: unknown[]): void {
    this.#waiting?.end();
    super.logToStderr(message, ...rest);
  }

  protected override catch(error: Error & { exitCode?: number }): Promise<unknown> {
    this.#waiting?.end();
    return super.catch(error);
  }

  protected override finally(error: Error | undefined): Promise<unknown> {
    this.#waiting?.end();
    return super.finally(error);
  }
}
