import { basename } from 'node:path';
import { BaseCommand } from '../../cli/base-command.js';
import type { PruneResult } from '../../operations/project-plugin-use.js';

export default class Prune extends BaseCommand {
  static override summary = 'Remove plugins of projects that no VM needs.';
  static override description = `Plugins that a VMFile requires are kept for its VMs: those that made one, and those that the lock file beside the VMFile of one pins. The others are removed; \`vmctl up\` installs again what it misses. Plugins that you have installed yourself are not touched.`;
  static override examples = [{ description: 'Free the space', command: '<%= config.bin %> plugins prune' }];

  async run(): Promise<PruneResult> {
    await this.parse(Prune);
    this.handleInterrupts();
    const result = await this.vmctl().prunePlugins({ signal: this.signal });
    if (!this.jsonEnabled()) {
      for (const directory of result.removed) this.log(`Removed ${basename(directory)}.`);
      if (result.removed.length === 0) this.log('There is nothing to remove.');
    }
    return result;
  }
}
