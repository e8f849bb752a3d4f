import { Args, Flags } from '@oclif/core';
import { BaseCommand, sharedFlags } from '../cli/base-command.js';
import { declaredNames, nameFlag } from '../cli/declared-names.js';
import { EXIT } from '../errors/registry.js';
import type { ProjectPlan } from '../operations/plan.js';
import { planText } from '../ui/plan-text.js';
import { styleFor } from '../ui/style.js';

export default class Plan extends BaseCommand {
  static override summary = 'Show what `up` would do, and why.';
  static override description = `Compares the VMs with the VMFile and shows for each one what \`up\` does with it (+ create, > start or resume, = nothing), which settings differ and when they take effect (~ after a restart, -/+ only in a VM that is made anew), which provisioning steps run and why, and which images are fetched.

Only looks: nothing is fetched, installed, locked or written, and no guest is needed.`;
  static override examples = [
    { description: 'Everything in the VMFile', command: '<%= config.bin %> plan' },
    { description: 'One VM, with what it depends on', command: '<%= config.bin %> plan web' },
    {
      description: `For scripts: 0 without changes, ${EXIT.changes} with changes`,
      command: '<%= config.bin %> plan --detailed-exitcode',
    },
    { description: 'One JSON document', command: '<%= config.bin %> plan --json' },
  ];
  static override exitStatuses = [
    ['1', '`vmctl up` would fail'],
    [String(EXIT.changes), 'with --detailed-exitcode: there are changes'],
  ] as const;
  static override strict = false;
  static override args = { name: Args.string({ description: 'VMs to plan for; default: all' }) };
  static override flags = {
    file: sharedFlags.file,
    name: nameFlag,
    provision: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'plan the provisioning steps',
    }),
    backend: sharedFlags.backend,
    'detailed-exitcode': Flags.boolean({
      description: `exit with ${EXIT.changes} when there are changes`,
    }),
  };

  async run(): Promise<ProjectPlan> {
    const { argv, flags } = await this.parse(Plan);
    this.handleInterrupts();
    const plan = await this.vmctl({ backend: flags.backend }).plan({
      file: flags.file,
      names: declaredNames(argv, flags.name),
      provision: flags.provision,
      signal: this.signal,
    });
    if (!this.jsonEnabled()) this.log(planText(plan, styleFor(process.stdout)));
    if (!plan.ok) this.endWith(EXIT.failure);
    else if (plan.changes && flags['detailed-exitcode']) this.endWith(EXIT.changes);
    return plan;
  }
}
