import { relative } from 'node:path';
import { BaseCommand, sharedFlags } from '../cli/base-command.js';
import { projectFlags } from '../cli/project-command.js';
import type { Configuration } from '../config/configuration.js';
import { inspectConfiguration } from '../config/load-configuration.js';
import { EXIT } from '../errors/registry.js';
import type { ConfigurationReport } from '../operations/describe-configuration.js';
import { unknownVariableText } from '../operations/unknown-variables.js';
import { configurationLines } from '../ui/configuration-text.js';

export default class Config extends BaseCommand {
  static override summary = 'Show the configuration and where each value comes from.';
  static override description = `Flags go before VMCTL_* variables of the environment, these before the file of the project (vmctl.config.yaml and others, here or in a parent directory), that before your own file (config.yaml and others in ~/.config/vmctl), and that before the defaults. The backend of a VM that exists, and one that a VMFile names, go before all of them.

What is wrong is said after what counts all the same, and so are VMCTL_* variables that nobody reads.`;
  static override examples = [
    { description: 'A table', command: '<%= config.bin %> config' },
    { description: 'What a variable would do', command: 'VMCTL_PARALLEL=2 <%= config.bin %> config' },
    { description: 'For scripts', command: '<%= config.bin %> config --json' },
  ];
  static override exitStatuses = [['2', 'something in the configuration is wrong']] as const;
  static override flags = { backend: sharedFlags.backend, parallel: projectFlags.parallel };

  async run(): Promise<ConfigurationReport> {
    const { flags } = await this.parse(Config);
    const { backend, parallel } = flags;
    const report = await this.vmctl({ backend }).configuration({ flags: { backend, parallel } });
    if (!this.jsonEnabled()) {
      for (const line of configurationLines(report, shortPath)) this.log(line);
      for (const each of report.ignored) this.logToStderr(`! ${unknownVariableText(each)}`);
      if (report.message !== null) this.logToStderr(`\n${report.message}`);
    }
    if (!report.ok) this.endWith(EXIT.usage);
    return report;
  }

  /** What is wrong is a part of what is shown. */
  protected override readConfiguration(): Promise<Configuration | undefined> {
    return inspectConfiguration();
  }
}

/** A file of this directory or below it is named from here. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
