import { Flags } from '@oclif/core';
import { confirm } from '../cli/confirm.js';
import { PluginsCommand } from '../cli/plugins-command.js';
import { pluginsDirectory } from '../cli/plugins-directory.js';
import type { Configuration } from '../config/configuration.js';
import { inspectConfiguration } from '../config/load-configuration.js';
import { EXIT } from '../errors/registry.js';
import type { Repair, RepairResult } from '../operations/doctor/finding.js';
import type { DoctorReport } from '../operations/doctor.js';
import type { ChangeOptions } from '../plugin-store/changes.js';
import { readInstalledPlugins } from '../plugins/installed-plugins.js';
import type { PluginPackage } from '../plugins/manifest.js';
import { doctorLines, repairResultText, repairText } from '../ui/doctor-text.js';
import { styleFor } from '../ui/style.js';
import type { Vmctl } from '../vmctl.js';

const LOOKING = 'looking at this machine, its plugins and its VMs';

/** What `--json` gives; `repairs` only with `--fix`. */
type Answer = DoctorReport & { readonly repairs?: readonly RepairResult[] };

export default class Doctor extends PluginsCommand {
  static override summary = 'Check this machine, the plugins and the state of vmctl.';
  static override description = `Every finding comes with the command that mends it. \`--fix\` mends what vmctl can mend by itself: missing plugins of this platform, permissions, abandoned locks, and what killed commands have left. It says what it will do and asks first, never ends a VM or removes a disk that was used, and runs no package manager of the system; then it looks again.

Exits with 0 when nothing is broken (warnings may be left), with 3 when something is, else with 1 when a repair failed; with 2 when repairs were not confirmed.`;
  static override examples = [
    { description: 'Look at everything', command: '<%= config.bin %> doctor' },
    { description: 'Mend what can be mended', command: '<%= config.bin %> doctor --fix' },
    { description: 'The same in a script', command: '<%= config.bin %> doctor --fix --yes' },
  ];
  static override exitStatuses = [
    ['1', 'a repair failed'],
    ['2', 'repairs were not confirmed'],
    ['3', 'something is broken'],
  ] as const;
  static override flags = {
    fix: Flags.boolean({ description: 'mend what vmctl can mend by itself, then look again' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask', dependsOn: ['fix'] }),
  };

  #installed: readonly PluginPackage[] = [];

  async run(): Promise<Answer> {
    const { flags } = await this.parse(Doctor);
    const vmctl = this.vmctl();
    const change = this.changeOptions();
    this.sayWaiting(LOOKING);
    const report = await vmctl.doctor({ signal: this.signal });
    const repairs = flags.fix ? repairsOf(report) : [];
    if (repairs.length === 0) {
      const answer = this.#answer(flags.fix ? { ...report, repairs: [] } : report);
      if (flags.fix && !this.jsonEnabled()) this.logToStderr('There is nothing that --fix can mend.');
      return answer;
    }
    const results = await this.#mend(vmctl, repairs, { ...change, yes: flags.yes });
    this.#installed = readInstalledPlugins(pluginsDirectory(process.env)).packages;
    const again = this.vmctl();
    this.sayWaiting(LOOKING);
    this.endWarnings(); // they have been shown
    return this.#answer({ ...(await again.doctor({ signal: this.signal })), repairs: results });
  }

  /** A configuration that is wrong is one of the findings. */
  protected override readConfiguration(): Promise<Configuration | undefined> {
    return inspectConfiguration();
  }

  /** Also those that were installed since the command began. */
  protected override pluginPackages(): PluginPackage[] {
    const known = super.pluginPackages();
    const names = new Set(known.map(({ name }) => name));
    return [...known, ...this.#installed.filter(({ name }) => !names.has(name))];
  }

  /** Says what it will do, asks, and does it. */
  async #mend(
    vmctl: Vmctl,
    repairs: readonly Repair[],
    { yes, ...change }: ChangeOptions & { readonly cwd: string; readonly yes: boolean },
  ): Promise<RepairResult[]> {
    const isForPeople = !this.jsonEnabled();
    if (isForPeople) {
      this.logToStderr('vmctl can:');
      for (const each of repairs) this.logToStderr(`  - ${repairText(each)}`);
    }
    await confirm({ question: 'Mend this?', yes, json: !isForPeople, details: { repairs } });
    const store = this.store();
    const results = await vmctl.repair({
      repairs,
      installPlugins: (packages) => store.install(packages, { ...change, scripts: false }),
      signal: this.signal,
    });
    if (isForPeople) for (const result of results) this.logToStderr(repairResultText(result));
    return results;
  }

  #answer(answer: Answer): Answer {
    if (!this.jsonEnabled()) {
      for (const line of doctorLines(answer, styleFor(process.stdout))) this.log(line);
    }
    if (answer.repairs?.some(({ outcome }) => outcome === 'failed') === true) this.endWith(EXIT.failure);
    if (!answer.ok) this.endWith(EXIT.host);
    return answer;
  }
}

/** Each once: two findings may need the same, and packages are installed together. */
function repairsOf({ findings }: DoctorReport): Repair[] {
  const repairs = new Map<string, Repair>();
  for (const { repair } of findings) {
    if (repair !== undefined && repair.kind !== 'install-plugins')
      repairs.set(JSON.stringify(repair), repair);
  }
  const packages = findings.flatMap(({ repair }) =>
    repair?.kind === 'install-plugins' ? repair.packages : [],
  );
  const install: Repair[] = packages.length === 0 ? [] : [{ kind: 'install-plugins', packages }];
  return [...repairs.values(), ...install];
}
