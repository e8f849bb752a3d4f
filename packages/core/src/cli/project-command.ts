import { Flags } from '@oclif/core';
import { basename } from 'node:path';
import type { ProjectRunOptions } from '../operations/project-run.js';
import type { ConfirmInstall } from '../project-plugins/prepare.js';
import { sharedFlags } from './base-command.js';
import { ask, isTerminal } from './confirm.js';
import { StreamingCommand } from './streaming-command.js';

/** Flags of the commands that work on VMs of a VMFile with its plugins. */
export const projectFlags = {
  file: sharedFlags.file,
  parallel: Flags.integer({
    char: 'j',
    min: 1,
    description:
      'how many VMs at a time; default: parallel of the configuration, else the number of processors, at least 4',
    helpValue: 'N',
  }),
  user: sharedFlags.user,
  key: sharedFlags.key,
  wait: sharedFlags.wait,
  yes: Flags.boolean({
    char: 'y',
    description: 'install the plugins that the VMFile requires, without asking; for CI',
  }),
  frozen: Flags.boolean({
    description: 'refuse plugins that differ from the lock file beside the VMFile, and never write it',
  }),
};

/** Flags of the commands that bring VMs up. */
export const bringUpFlags = {
  ...projectFlags,
  provision: Flags.boolean({
    allowNo: true,
    default: true,
    description: 'run the provisioning steps',
  }),
  backend: sharedFlags.backend,
};

/** What the parser makes of {@link projectFlags}. */
interface ProjectFlags {
  readonly file: string | undefined;
  readonly parallel: number | undefined;
  readonly user: string | undefined;
  readonly key: string | undefined;
  readonly wait: boolean;
  readonly yes: boolean;
  readonly frozen: boolean;
}

/** A command that works on VMs of a VMFile, and installs the plugins that it requires. */
export abstract class ProjectCommand extends StreamingCommand {
  protected projectOptions(flags: ProjectFlags, signal: AbortSignal): ProjectRunOptions {
    const { file, parallel, user, key, wait, yes, frozen } = flags;
    const confirmInstall = this.#confirmInstall(yes);
    return { file, parallel, user, key, wait, confirmInstall, frozen, pinInstalled: yes, signal };
  }

  /** Undefined when there is nobody to ask. */
  #confirmInstall(yes: boolean): ConfirmInstall | undefined {
    if (yes) return () => Promise.resolve(true);
    if (this.jsonEnabled() || !isTerminal()) return undefined;
    return async ({ vmfile, plugins }) => {
      this.endWaiting();
      const list = plugins.map(({ name, range, version }) => `${name} ${version ?? range}`).join(', ');
      const isWanted = await ask(
        `${basename(vmfile)} needs ${list}, which ${plugins.length === 1 ? 'is' : 'are'} not installed. Install?`,
        { default: true },
      );
      if (isWanted) this.sayWaiting('asking the registry');
      return isWanted;
    };
  }
}
