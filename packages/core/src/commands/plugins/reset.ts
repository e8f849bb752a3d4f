import { Flags } from '@oclif/core';
import { confirm } from '../../cli/confirm.js';
import { PluginsCommand } from '../../cli/plugins-command.js';

export default class Reset extends PluginsCommand {
  static override summary = 'Remove every plugin.';
  static override description = `Installed plugins are removed with all their files, linked ones are unlinked; also when the list of them is damaged. VMs stay. On a terminal the command asks first.`;
  static override examples = [
    { description: 'Ask first', command: '<%= config.bin %> plugins reset' },
    { description: 'Without being asked', command: '<%= config.bin %> plugins reset --yes' },
  ];
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
  };

  async run(): Promise<{ removed: string[] }> {
    const { flags } = await this.parse(Reset);
    await confirm({ question: 'Remove every plugin?', yes: flags.yes, json: this.jsonEnabled() });
    const removed = await this.store().reset(this.changeOptions());
    if (!this.jsonEnabled()) {
      this.log(removed.length === 0 ? 'There are no plugins any more.' : `Removed ${removed.join(', ')}.`);
    }
    return { removed };
  }
}
