import type { Configuration } from '../../config/configuration.js';
import { loadConfiguration } from '../../config/load-configuration.js';
import { Args } from '@oclif/core';
import { missingArgument } from '../../cli/missing-argument.js';
import { PluginsCommand } from '../../cli/plugins-command.js';
import type { OrphanedVm } from '../../operations/orphaned-vms.js';
import type { Uninstalled } from '../../plugin-store/changes.js';
import { orphanedLines, uninstalledLines } from '../../ui/plugins-text.js';

export default class Uninstall extends PluginsCommand {
  static override summary = 'Remove plugins, installed or linked.';
  static override description = `All that are named are removed, or none. The folder of a linked plugin stays as it is, and an installed one in whose place it was is used again. VMs that need the plugin are named; they stay, and can be worked with again once it is back.`;
  static override hiddenAliases = ['plugins:remove', 'plugins:unlink'];
  static override usage = '<%= command.id %> NAME... [FLAGS]';
  static override examples = [
    { description: 'One plugin', command: '<%= config.bin %> plugins uninstall @vmctl/plugin-qemu' },
    {
      description: 'A linked one, by its folder',
      command: '<%= config.bin %> plugins unlink ./vmctl-provisioner-nix',
    },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'plugins to remove' }),
  };

  /** It says where the VMs are that may need a plugin. */
  protected override readConfiguration(): Promise<Configuration | undefined> {
    return loadConfiguration();
  }

  async run(): Promise<Uninstalled & { readonly orphaned: OrphanedVm[] }> {
    const { argv } = await this.parse(Uninstall);
    if (argv.length === 0) throw missingArgument('Which plugin?', 'vmctl plugins uninstall NAME');
    // What is known of the plugins was read before they went.
    const vmctl = this.vmctl();
    const uninstalled = await this.store().uninstall(argv.map(String), this.changeOptions());
    const back = new Set(uninstalled.restored.map(({ name }) => name));
    const orphaned = await vmctl.orphanedVms(uninstalled.removed.filter((name) => !back.has(name)));
    if (!this.jsonEnabled()) {
      for (const line of uninstalledLines(uninstalled)) this.log(line);
      for (const line of orphanedLines(orphaned)) this.logToStderr(line);
    }
    return { ...uninstalled, orphaned };
  }
}
