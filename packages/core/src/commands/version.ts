import { Flags } from '@oclif/core';
import { release } from 'node:os';
import { BaseCommand } from '../cli/base-command.js';

/** `vmctl version --json`. */
interface VersionDocument {
  /** Name and version: `@vmctl/core/1.2.3`. */
  readonly cliVersion: string;
  /** Platform and processor: `linux-x64`. */
  readonly architecture: string;
  /** `node-v24.1.0`. */
  readonly nodeVersion: string;
  /** With `--verbose`: release of the operating system's kernel. */
  readonly osVersion?: string;
  /** With `--verbose`: directory of the package. */
  readonly root?: string;
  /** With `--verbose`: the installed and linked plugins, sorted. */
  readonly plugins?: readonly PluginVersion[];
}

interface PluginVersion {
  readonly name: string;
  readonly version: string;
  readonly origin: 'user' | 'link';
  readonly root: string;
}

export default class Version extends BaseCommand {
  static override summary = 'Show the versions of vmctl and Node.js.';
  static override description = `\`vmctl --version\` is the same in one line, and answers whatever state the plugins are in. What to add to the report of a problem: \`vmctl version --verbose\` and \`vmctl doctor\`.`;
  static override examples = [
    { description: 'One line', command: '<%= config.bin %> version' },
    {
      description: 'With the operating system and the plugins',
      command: '<%= config.bin %> version --verbose',
    },
  ];
  static override flags = {
    verbose: Flags.boolean({
      description: 'also show the operating system, where vmctl is, and the plugins',
    }),
  };

  /** It needs none, and works where there is a wrong one. */
  protected override readConfiguration(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async run(): Promise<VersionDocument> {
    const { flags } = await this.parse(Version);
    const { name, version, root, userAgent } = this.config;
    const short: VersionDocument = {
      cliVersion: `${name}/${version}`,
      architecture: `${process.platform}-${process.arch}`,
      nodeVersion: `node-${process.version}`,
    };
    if (!flags.verbose) {
      this.log(userAgent);
      return short;
    }
    const plugins = this.#plugins();
    const osVersion = `${process.platform} ${release()}`;
    this.#show([
      ['vmctl', `${short.cliVersion} in ${root}`],
      ['Node.js', `${process.version} at ${process.execPath}`],
      ['system', `${osVersion}, ${process.arch}`],
      ...plugins.map((plugin): [string, string] => ['plugin', pluginText(plugin)]),
    ]);
    return { ...short, osVersion, root, plugins };
  }

  #plugins(): PluginVersion[] {
    return this.pluginPackages()
      .flatMap(({ name, version, origin, root }) =>
        origin === 'user' || origin === 'link' ? [{ name, version, origin, root } as const] : [],
      )
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  #show(rows: readonly (readonly [string, string])[]): void {
    for (const [what, is] of rows) this.log(`${what.padEnd(7)}  ${is}`);
  }
}

function pluginText({ name, version, origin, root }: PluginVersion): string {
  return `${name}/${version}${origin === 'link' ? ` linked from ${root}` : ''}`;
}
