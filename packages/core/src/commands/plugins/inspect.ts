import { Args } from '@oclif/core';
import { PluginsCommand } from '../../cli/plugins-command.js';
import { nearest } from '../../errors/nearest.js';
import { VmctlError } from '../../errors/vmctl-error.js';
import { inspectPlugin, listPlugins, type PluginDetails } from '../../plugin-store/plugin-details.js';
import { detailLines } from '../../ui/plugins-text.js';
import { styleFor } from '../../ui/style.js';

export default class Inspect extends PluginsCommand {
  static override summary = 'Show everything about one plugin.';
  static override description = `What it brings, the plugin API it is written for, where it came from, its files and dependencies. The plugin is not loaded.`;
  static override examples = [
    { description: 'For people', command: '<%= config.bin %> plugins inspect @vmctl/plugin-qemu' },
    { description: 'For scripts', command: '<%= config.bin %> plugins inspect @vmctl/plugin-qemu --json' },
  ];
  static override args = {
    name: Args.string({ description: 'plugin to show', required: true }),
  };

  async run(): Promise<PluginDetails> {
    const { args } = await this.parse(Inspect);
    const known = await this.knownPlugins();
    const plugins = listPlugins(known);
    const plugin = plugins.find(({ name }) => name === args.name);
    if (plugin === undefined) {
      const names = plugins.map(({ name }) => name);
      const meant = nearest(args.name, names) ?? names.find((name) => name.endsWith(`/${args.name}`));
      throw new VmctlError('VMCTL_PLUGIN_NOT_INSTALLED', {
        message: `No plugin "${args.name}" is installed.`,
        hint: meant === undefined ? 'See which there are: vmctl plugins' : `Did you mean "${meant}"?`,
        details: { plugin: args.name },
      });
    }
    const details = await inspectPlugin(
      plugin,
      known.entries.find(({ name }) => name === plugin.name),
    );
    if (!this.jsonEnabled()) {
      for (const line of detailLines(details, styleFor(process.stdout))) this.log(line);
    }
    return details;
  }
}
