import { type Config, type Interfaces, Plugin } from '@oclif/core';
import { join } from 'node:path';
import { messageOf } from '../errors/vmctl-error.js';
import { readRegularTextSync } from '../host/regular-file.js';
import type { RejectedPlugin } from '../plugins/catalog.js';
import { type InstalledPackage, readInstalledPlugins } from '../plugins/installed-plugins.js';
import { pluginsDirectory } from './plugins-directory.js';

/** What oclif is started with: its own options, and the plugins that it must not see. */
export interface CliOptions extends Interfaces.Options {
  readonly plugins: Map<string, Interfaces.Plugin>;
  /** Registered plugins whose packages cannot be read. */
  readonly brokenPlugins: readonly RejectedPlugin[];
}

/**
 * Loads the CLI's own plugins and the installed ones, in place of oclif: it would print a block of warnings for
 * every broken plugin on every command, and look for commands and manifests in plugins that have none.
 *
 * @param root - directory of core's package.json
 */
export async function loadPlugins(root: string, pjson: Interfaces.PJSON): Promise<CliOptions> {
  const own = new Plugin({ root, pjson, isRoot: true });
  const installed = readInstalledPlugins(pluginsDirectory(process.env));
  const [, users, core] = await Promise.all([
    own.load(),
    Promise.all(installed.packages.map(loadInstalled)),
    Promise.all((pjson.oclif.plugins ?? []).map((name) => loadCore(name, root))),
  ]);
  const plugins = new Map<string, Interfaces.Plugin>([[own.name, own]]);
  const broken = [...installed.broken];
  for (const loaded of users) {
    if ('problem' in loaded) broken.push(loaded);
    else if (!plugins.has(loaded.name)) plugins.set(loaded.name, loaded);
  }
  for (const plugin of core) {
    if (plugin !== undefined && !plugins.has(plugin.name)) plugins.set(plugin.name, plugin);
  }
  return { root, plugins, brokenPlugins: broken };
}

/** Installed plugins that are registered and cannot be read. */
export function brokenPlugins(config: Config): readonly RejectedPlugin[] {
  // The options are those that `loadPlugins` made, unless a program made the configuration by itself.
  return (config.options as Partial<CliOptions>).brokenPlugins ?? [];
}

async function loadCore(name: string, root: string): Promise<Plugin | undefined> {
  const plugin = new Plugin({ name, root, type: 'core' });
  try {
    await plugin.load();
    return plugin;
  } catch (error) {
    // vmctl's own installation is damaged; what is left of it may do.
    process.emitWarning(`vmctl is not installed completely: ${messageOf(error)}`);
    return undefined;
  }
}

async function loadInstalled(pkg: InstalledPackage): Promise<Interfaces.Plugin | RejectedPlugin> {
  if (!readsOclif(pkg.content['oclif'])) return new QuietPlugin(pkg);
  try {
    return await loadWithCommands(pkg);
  } catch (error) {
    return {
      package: pkg,
      problem: {
        code: 'VMCTL_PLUGIN_INVALID',
        message: `The commands of the plugin ${pkg.name} ${pkg.version} cannot be read: ${messageOf(error)}`,
        hint: `Install it again, or remove it: vmctl plugins uninstall ${pkg.name}`,
      },
    };
  }
}

/** A plugin of which oclif itself reads something; it fails for what it does not understand. */
async function loadWithCommands(pkg: InstalledPackage): Promise<Plugin> {
  const plugin = new Plugin({
    name: pkg.name,
    root: pkg.root,
    // Of a linked plugin oclif takes the directory as it is given; that of an installed one is known as well.
    type: 'link',
    pjson: pkg.content as unknown as Interfaces.PJSON,
    errorOnManifestCreate: true,
    // Of a manifest that it cannot use, oclif warns on every command.
    ignoreManifest: readManifestVersion(pkg.root) !== pkg.version,
  });
  await plugin.load();
  plugin.type = pkg.origin;
  plugin.tag = pkg.tag;
  plugin.name = pkg.name;
  return plugin;
}

/** The version that oclif's list of the plugin's commands is for. */
function readManifestVersion(root: string): unknown {
  const path = join(root, 'oclif.manifest.json');
  let text: string;
  try {
    text = readRegularTextSync(path);
  } catch {
    return undefined; // oclif makes the list from the commands
  }
  try {
    return (JSON.parse(text) as { version?: unknown } | null)?.version;
  } catch (error) {
    throw new Error(`${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether a plugin brings something that oclif itself has to read. */
function readsOclif(oclif: unknown): boolean {
  if (typeof oclif !== 'object' || oclif === null) return false;
  return ['commands', 'hooks', 'topics', 'plugins'].some((key) => key in oclif);
}

/** A plugin without commands, topics and hooks of oclif: almost every plugin of vmctl. Nothing of it is read. */
class QuietPlugin implements Interfaces.Plugin {
  readonly _base = 'vmctl';
  readonly commandIDs: string[] = [];
  readonly commands: Interfaces.Plugin['commands'] = [];
  readonly commandsDir = undefined;
  readonly hasManifest = false;
  readonly hooks = {};
  readonly isRoot = false;
  readonly topics: Interfaces.Plugin['topics'] = [];
  readonly valid = true;
  readonly alias: string;
  readonly moduleType: 'commonjs' | 'module';
  readonly name: string;
  readonly options: Interfaces.Options;
  readonly pjson: Interfaces.PJSON;
  readonly root: string;
  readonly tag: string | undefined;
  readonly type: string;
  readonly version: string;

  constructor({ name, version, root, origin, tag, content }: InstalledPackage) {
    this.alias = name;
    this.name = name;
    this.version = version;
    this.root = root;
    this.type = origin;
    this.tag = tag;
    this.moduleType = content['type'] === 'module' ? 'module' : 'commonjs';
    // What oclif reads of a plugin's package.json is here, or was checked before.
    this.pjson = { oclif: {}, ...content } as unknown as Interfaces.PJSON;
    this.options = { root, name, type: origin };
  }

  async load(): Promise<void> {}

  findCommand(id: string, options: { must: true }): Promise<never>;
  findCommand(): undefined;
  findCommand(id?: string, options?: { must: boolean }): Promise<never> | undefined {
    if (options?.must !== true) return undefined;
    return Promise.reject(new Error(`The plugin ${this.name} has no command ${id}.`));
  }
}
