import { createExec } from '../host/exec.js';
import type { LockHolder } from '../host/lock.js';
import { createProcessTable } from '../host/process-table.js';
import type { KnownPlugins } from '../plugin-store/plugin-details.js';
import type { ChangeOptions } from '../plugin-store/changes.js';
import { PluginStore } from '../plugin-store/plugin-store.js';
import { BaseCommand } from './base-command.js';
import { brokenPlugins, pluginsDirectory } from './load-plugins.js';

/** What the commands that work on the installed plugins share. */
export abstract class PluginsCommand extends BaseCommand {
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
      onStart: (spec) => this.#progress(`Fetching ${spec} …`),
      onWait: ({ pid, purpose }: LockHolder) =>
        this.#progress(`Waiting for process ${pid} (vmctl ${purpose}) …`),
    };
  }

  #progress(text: string): void {
    if (!this.jsonEnabled() && process.stderr.isTTY) process.stderr.write(`${text}\n`);
  }
}
