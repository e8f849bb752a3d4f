import { Args, Flags } from '@oclif/core';
import { PluginsCommand } from '../../cli/plugins-command.js';
import { missingArgument } from '../../cli/missing-argument.js';
import type { AddedPlugin } from '../../plugin-store/changes.js';
import { addedLine, problemLines } from '../../ui/plugins-text.js';

export default class Install extends PluginsCommand {
  static override summary = 'Install plugins.';
  static override description = `From a registry (NAME, NAME@RANGE, NAME@TAG), a tarball (path or URL), a folder, or a git repository (URL). All that are named are installed, or none: what is not a plugin for this vmctl is refused before any code of it runs.

npm's own settings hold for registries, proxies and authentication: ~/.npmrc and NPM_CONFIG_* variables. VMCTL_NPM_REGISTRY names a registry for vmctl alone.`;
  static override hiddenAliases = ['plugins:add'];
  static override usage = '<%= command.id %> SPEC... [FLAGS]';
  static override examples = [
    { description: 'From the registry', command: '<%= config.bin %> plugins install @vmctl/plugin-qemu' },
    {
      description: 'A range of versions',
      command: '<%= config.bin %> plugins install @vmctl/plugin-qemu@^0.1',
    },
    {
      description: 'A tarball, without a network',
      command: '<%= config.bin %> plugins install ./plugin-1.2.0.tgz',
    },
    {
      description: 'A git repository, built from its sources',
      command: '<%= config.bin %> plugins install git+https://git.example.org/plugin.git --run-scripts',
    },
  ];
  static override strict = false;
  static override args = {
    spec: Args.string({ description: 'packages, paths or URLs' }),
  };
  static override flags = {
    'run-scripts': Flags.boolean({
      description:
        'let npm run the install scripts of the packages, as plugins from git may need to be built',
    }),
  };

  async run(): Promise<{ plugins: AddedPlugin[] }> {
    const { argv, flags } = await this.parse(Install);
    if (argv.length === 0) throw missingArgument('Which plugin?', 'vmctl plugins install NAME');
    const plugins = await this.store().install(argv.map(String), {
      ...this.changeOptions(),
      scripts: flags['run-scripts'],
    });
    if (!this.jsonEnabled()) {
      for (const plugin of plugins) {
        this.log(addedLine(plugin));
        for (const line of problemLines(plugin)) this.logToStderr(line);
      }
      this.log(
        `To remove ${plugins.length === 1 ? 'it' : 'them'}: vmctl plugins uninstall ${plugins.map(({ name }) => name).join(' ')}`,
      );
    }
    return { plugins };
  }
}
