import { Flags } from '@oclif/core';
import { PluginsCommand } from '../../cli/plugins-command.js';
import { listPlugins, type PluginListing } from '../../plugin-store/plugin-details.js';
import { pluginTable, problemLines } from '../../ui/plugins-text.js';
import { styleFor } from '../../ui/style.js';

export default class Plugins extends PluginsCommand {
  static override summary = 'List the plugins and what they bring.';
  static override description = `Backends, provisioner types, image sources, VMFile nodes and stages of up, as the plugins declare them; no plugin is loaded for it. \`vmctl doctor\` loads each one.`;
  static override aliases = ['plugins:list'];
  static override examples = [
    { description: 'A table', command: '<%= config.bin %> plugins' },
    { description: 'For scripts', command: '<%= config.bin %> plugins --json' },
  ];
  static override flags = {
    core: Flags.boolean({ description: 'show the parts of vmctl itself too' }),
  };

  async run(): Promise<{ plugins: PluginListing[] }> {
    const { flags } = await this.parse(Plugins);
    const all = listPlugins(await this.knownPlugins());
    const plugins = flags.core
      ? all
      : all.filter(
          ({ origin, contributes, problem }) =>
            origin !== 'bundled' || contributes !== null || problem !== null,
        );
    if (!this.jsonEnabled()) {
      if (plugins.length === 0) this.log('No plugins. `vmctl doctor` says which ones this machine needs.');
      else for (const line of pluginTable(plugins, styleFor(process.stdout))) this.log(line);
      for (const plugin of plugins) for (const line of problemLines(plugin)) this.logToStderr(line);
    }
    return { plugins };
  }
}
