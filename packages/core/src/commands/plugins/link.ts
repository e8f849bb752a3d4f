import { Args } from '@oclif/core';
import { PluginsCommand } from '../../cli/plugins-command.js';
import type { AddedPlugin } from '../../plugin-store/changes.js';
import { addedLine, problemLines } from '../../ui/plugins-text.js';

export default class Link extends PluginsCommand {
  static override summary = 'Use a plugin from the folder in which it is written.';
  static override description = `The folder stays where it is, and changes in it count at once. Its dependencies have to be installed, and what is compiled has to be built, there.`;
  static override examples = [
    { description: 'The folder here', command: '<%= config.bin %> plugins link' },
    { description: 'Another one', command: '<%= config.bin %> plugins link ../vmctl-provisioner-nix' },
  ];
  static override args = {
    path: Args.string({ description: 'folder with the package.json of the plugin', default: '.' }),
  };

  async run(): Promise<AddedPlugin> {
    const { args } = await this.parse(Link);
    const plugin = await this.store().link(args.path, this.changeOptions());
    if (!this.jsonEnabled()) {
      if (plugin.contributes !== null) this.log(addedLine(plugin));
      for (const line of problemLines(plugin)) this.logToStderr(line);
      this.log(`To unlink it: vmctl plugins unlink ${plugin.name}`);
    }
    return plugin;
  }
}
