import { Command, Errors, Flags } from '@oclif/core';
import type { Configuration } from '../config/configuration.js';
import { loadConfiguration } from '../config/load-configuration.js';
import { VmctlError } from '../errors/vmctl-error.js';
import { shellWord } from '../errors/shell-word.js';
import { EXIT } from '../errors/registry.js';
import type { PluginPackage } from '../plugins/manifest.js';
import { brokenPlugins } from './load-plugins.js';
import { endWithLostOutput } from './lost-output.js';
import { Vmctl } from '../vmctl.js';
import { errorDocument, exitStatus, showError } from './show-error.js';
import type { CalledCommand } from './usage-error.js';

/** Flags that more than one command has. */
export const sharedFlags = {
  file: Flags.string({
    char: 'f',
    description: 'VMFile to use; default: VMFile.kdl here or in a parent directory',
    helpValue: 'PATH',
  }),
  user: Flags.string({
    char: 'u',
    description: "user to log in as, in place of the VM's own",
    helpValue: 'USER',
  }),
  key: Flags.string({
    description: "private key to log in with, in place of the VM's own",
    helpValue: 'PATH',
  }),
  backend: Flags.string({
    description: 'backend for VMs whose VMFile names none',
    helpValue: 'NAME',
  }),
  all: Flags.boolean({ description: 'every VM, from whichever VMFile' }),
  wait: Flags.boolean({
    allowNo: true,
    default: true,
    description: 'wait when another command is working on a VM; --no-wait fails instead',
  }),
};

/** Exit statuses and what they mean, beyond what they mean for every command. */
export type ExitStatuses = readonly (readonly [status: string, meaning: string])[];

/** What all commands share: the library object, Ctrl-C, and how errors are shown. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;
  /** Exit statuses of the command that mean something of their own; its help shows them. */
  static exitStatuses?: ExitStatuses;
  readonly #interruption = new AbortController();
  /** Whether the one JSON document of the command is on stdout. */
  #answered = false;
  #endWarnings: () => void = () => undefined;
  #configuration: Configuration | undefined;

  /** Aborted by the first Ctrl-C. */
  protected get signal(): AbortSignal {
    return this.#interruption.signal;
  }

  /** vmctl with the installed plugins. */
  protected vmctl(options: { backend?: string | undefined } = {}): Vmctl {
    const vmctl = new Vmctl({
      ...options,
      configuration: this.#configuration,
      plugins: this.pluginPackages(),
      brokenPlugins: brokenPlugins(this.config),
      onStrayError: (error) => this.endWithStrayError(error),
    });
    this.#endWarnings = showWarnings(vmctl);
    return vmctl;
  }

  /** From now on somebody else shows all events. */
  protected endWarnings(): void {
    this.#endWarnings();
  }

  /** What oclif knows of the installed plugins. */
  protected pluginPackages(): PluginPackage[] {
    return [...this.config.plugins.values()].map(({ name, version, root, type, tag, pjson }) => ({
      name,
      version,
      root,
      origin: type,
      from: tag === undefined ? undefined : `${name}@${tag}`,
      // oclif types only its own fields of package.json.
      vmctl: (pjson as { vmctl?: unknown }).vmctl,
    }));
  }

  /** From now on the first Ctrl-C (or SIGTERM) aborts `signal`, and the second one ends the process at once. */
  protected handleInterrupts(options: { quietly?: boolean } = {}): void {
    const interrupt = (name: NodeJS.Signals): void => {
      if (this.#interruption.signal.aborted) process.exit(EXIT.interrupted);
      if (options.quietly !== true && name !== 'SIGHUP') {
        const what = name === 'SIGINT' ? 'Interrupted' : name;
        process.stderr.write(`\n${what}: stopping. Ctrl-C again ends at once.\n`);
      }
      this.#interruption.abort(
        new VmctlError('VMCTL_INTERRUPTED', { message: 'The command was interrupted.' }),
      );
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  }

  /**
   * The VM that is meant when none is named: the only one of the VMFile.
   *
   * @param words - of the command line that follow the name, for an example of the whole command
   * @throws VMCTL_VM_NAME_MISSING when there are several
   */
  protected async onlyVm(vmctl: Vmctl, words: readonly string[] = []): Promise<string> {
    const names = await vmctl.vmNames();
    const [name] = names;
    if (name !== undefined && names.length === 1) return name;
    throw new VmctlError('VMCTL_VM_NAME_MISSING', {
      message: `Which VM? The VMFile has ${names.length}: ${names.join(', ')}.`,
      hint: `Name one: ${['vmctl', ...(this.id ?? '').split(':'), name ?? 'NAME', ...words.map(shellWord)].join(' ')}`,
    });
  }

  /**
   * The names that were given, else the only VM of the VMFile; none with `all`, which is up to the operation.
   *
   * @throws VMCTL_USAGE for names beside `all`: more would be destroyed than was named
   */
  protected async namesFrom(
    given: readonly string[],
    all: boolean,
    vmctl: Vmctl,
  ): Promise<readonly string[]> {
    if (all && given.length > 0) {
      throw new VmctlError('VMCTL_USAGE', {
        message: `\`--all\` is every VM, and ${given.map((name) => `\`${name}\``).join(', ')} ${given.length === 1 ? 'is' : 'are'} named as well.`,
        hint: 'Leave out the one or the other.',
      });
    }
    if (all) return [];
    return given.length > 0 ? given : [await this.onlyVm(vmctl)];
  }

  /** Ends with this status without an error message: everything has been said. */
  protected endWith(exitCode: number): void {
    process.exitCode = exitCode;
  }

  /** A reader that goes away ends a command that only shows something; one that works goes on without it. */
  protected outputFailed(error: NodeJS.ErrnoException): void {
    endWithLostOutput(error);
  }

  /** Ends the command for an error that nobody waits for: whatever runs cannot be relied on any more. */
  protected endWithStrayError(error: Error): void {
    // What an interrupted command leaves unfinished is no news.
    if (this.signal.aborted && (error === this.signal.reason || error.name === 'AbortError')) return;
    if (this.jsonEnabled() && !this.#answered) this.logJson(this.toErrorJson(error));
    else showError(error);
    process.exit(exitStatus(error));
  }

  /**
   * The configuration that {@link vmctl} works with; undefined where there is none.
   *
   * @throws VMCTL_CONFIG_INVALID; a command that has to work all the same overrides this
   */
  protected readConfiguration(): Promise<Configuration | undefined> {
    return loadConfiguration();
  }

  override async init(): Promise<void> {
    await super.init();
    // oclif's own listener throws everything but EPIPE in the middle of whatever runs, and never ends after that.
    process.stdout.removeAllListeners('error').on('error', (error) => this.outputFailed(error));
    process.stderr.on('error', () => undefined);
    this.#configuration = await this.readConfiguration();
  }

  protected override async catch(thrown: Error & { exitCode?: number }): Promise<unknown> {
    // The command asked for it, and has said what there is to say.
    if (thrown instanceof Errors.ExitError) throw thrown;
    const { usageError } = await import('./usage-error.js');
    const error = usageError(thrown, this.#called()) ?? thrown;
    if (this.jsonEnabled()) this.logJson(this.toErrorJson(error));
    else showError(error);
    process.exitCode = exitStatus(error);
    return undefined;
  }

  /** What its user called. */
  #called(): CalledCommand {
    const { flags, args } = this.ctor;
    const name = this.id?.replaceAll(':', ' ') ?? '';
    return { name, flags: { ...flags, json: { type: 'boolean' } }, args: Object.keys(args) };
  }

  override logJson(json: unknown): void {
    this.#answered = true;
    super.logJson(json);
  }

  protected override toErrorJson(error: unknown): unknown {
    return errorDocument(error);
  }
}

/** Shows warnings on stderr. Returns the function that ends it. */
function showWarnings(vmctl: Vmctl): () => void {
  return vmctl.subscribe((event) => {
    if (event.type !== 'warning') return;
    const { vm, message, hint } = event;
    process.stderr.write(`! ${vm === undefined ? '' : `${vm}: `}${message}\n`);
    if (hint !== undefined) process.stderr.write(`  ${hint}\n`);
  });
}
