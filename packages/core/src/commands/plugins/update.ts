import { Args } from '@oclif/core';
import { PluginsCommand } from '../../cli/plugins-command.js';
import { EXIT } from '../../errors/registry.js';
import type { UpdatedPlugin } from '../../plugin-store/changes.js';
import { errorText } from '../../ui/error-text.js';
import { updatedLine } from '../../ui/plugins-text.js';
import { styleFor } from '../../ui/style.js';

export default class Update extends PluginsCommand {
  static override summary = 'Update installed plugins.';
  static override description = `Each plugin is brought to the newest version that what it was installed as allows: NAME@^1.2 stays below 2. The version that was there stays when the new one does not fit this vmctl. Exits with 1 when a plugin could not be updated.`;
  static override examples = [
    { description: 'Every plugin', command: '<%= config.bin %> plugins update' },
    { description: 'One plugin', command: '<%= config.bin %> plugins update @vmctl/plugin-qemu' },
    {
      description: 'To another range',
      command: '<%= config.bin %> plugins install @vmctl/plugin-qemu@^0.2',
    },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'plugins to update; default: all that are installed' }),
  };

  async run(): Promise<{ plugins: UpdatedPlugin[] }> {
    const { argv } = await this.parse(Update);
    const plugins = await this.store().update(argv.map(String), this.changeOptions());
    if (!this.jsonEnabled()) {
      if (plugins.length === 0) this.log('No plugins are installed.');
      for (const plugin of plugins) this.log(updatedLine(plugin));
      for (const { problem } of plugins) {
        if (problem !== null) this.logToStderr(errorText(problem, styleFor(process.stderr)));
      }
    }
    if (plugins.some(({ problem }) => problem !== null)) this.endWith(EXIT.failure);
    return { plugins };
  }
}
