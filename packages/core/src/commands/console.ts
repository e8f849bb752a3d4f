import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import { RawTerminal } from '../cli/raw-terminal.js';
import { EXIT } from '../errors/registry.js';
import type { ConsoleSession } from '../operations/console-session.js';
import type { ConsoleDescription } from '../operations/console.js';
import { GuestScreen } from '../ui/guest-screen.js';
import { pressureOf } from '../ui/stream-pressure.js';

/** Ctrl-]. */
const DETACH_KEY = 0x1d;
/** Ctrl-C, which goes to the guest where it can. */
const INTERRUPT_KEY = 0x03;

export default class Console extends BaseCommand {
  static override summary = "Work on a VM's serial console.";
  static override description = `Every key goes to the guest, Ctrl-C too; Ctrl-] ends the command and leaves the VM running. A console that shows nothing often waits for Enter.

The first one has the keyboard. Others see the same and can send nothing, as with --read-only, where Ctrl-C ends the command as well.

Without a terminal, what is piped in is sent, and the command shows what the guest writes until the VM or the command is ended. It fails when somebody else has the keyboard, unless --read-only is given.

The exit status is 0 after Ctrl-] and when the VM has ended, and 130 after a signal. With --json it prints where the console is, for other programs, and opens nothing.`;
  static override examples = [
    { description: 'Work on the console', command: '<%= config.bin %> console web' },
    {
      description: 'Watch, from what the guest said first after its start',
      command: '<%= config.bin %> console web --read-only --replay',
    },
    {
      description: 'From a script: send a line, show 10 seconds',
      command: 'echo reboot | timeout 10 <%= config.bin %> console web',
    },
  ];
  static override args = {
    name: Args.string({ description: 'VM; default: the only one of the VMFile' }),
  };
  static override flags = {
    'read-only': Flags.boolean({ description: 'only watch; nothing is sent' }),
    replay: Flags.boolean({ description: 'begin with the output since the VM was started' }),
  };
  readonly #detached = new AbortController();

  async run(): Promise<ConsoleDescription | undefined> {
    const { args, flags } = await this.parse(Console);
    const vmctl = this.vmctl();
    const name = args.name ?? (await this.onlyVm(vmctl));
    this.handleInterrupts({ quietly: true });
    if (this.jsonEnabled()) return vmctl.describeConsole({ name, signal: this.signal });
    const detached = this.#detached.signal;
    await using session = await vmctl.console({
      name,
      readOnly: flags['read-only'],
      replay: flags.replay,
      ifTaken: process.stdin.isTTY ? 'watch' : 'fail',
      signal: AbortSignal.any([this.signal, detached]),
    });
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    if (process.stdin.isTTY) say(greeting(name, session));
    await this.#attach(session);
    if (detached.aborted) say(`Left the console of ${name}.`);
    else if (this.signal.aborted) this.endWith(EXIT.interrupted);
    else {
      const { name: state } = await session.finalState();
      if (state === 'running' && session.failure !== undefined) throw session.failure;
      say(`The console of ${name} has ended: it is ${state}.`);
    }
    return undefined;
  }

  /** Passes on what is typed or piped in, and shows what the guest writes, until that ends. */
  async #attach(session: ConsoleSession): Promise<void> {
    const screen = process.stdout.isTTY ? new GuestScreen() : undefined;
    const input = this.#connectInput(session, screen);
    const pressure = pressureOf(process.stdout);
    const interrupted = new Promise<void>((resolve) => {
      this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      for await (const { bytes, replayed } of session.output()) {
        process.stdout.write(screen?.show(bytes, replayed) ?? bytes);
        // A pipe that nobody reads must not keep the command from ending.
        await Promise.race([pressure(), interrupted]);
      }
    } finally {
      input?.[Symbol.dispose]();
    }
  }

  #connectInput(session: ConsoleSession, screen: GuestScreen | undefined): Disposable | undefined {
    const { stdin, stdout } = process;
    if (stdin.isTTY) {
      return new RawTerminal(stdin, {
        onInput: (bytes) => this.#type(session, bytes),
        onEnd: () => this.#detached.abort(),
        onRestore: () => {
          // The guest may have left off in the middle of a line.
          if (screen !== undefined) stdout.write(`${screen.reset()}\r\n`);
        },
      });
    }
    if (session.readOnly) return undefined;
    stdin.on('error', (error) => this.endWithStrayError(error));
    stdin.on('data', (bytes: Buffer) => {
      stdin.pause();
      void session.send(bytes).then(() => stdin.resume());
    });
    return { [Symbol.dispose]: () => void stdin.destroy() };
  }

  #type(session: ConsoleSession, bytes: Uint8Array): void {
    const end = bytes.findIndex(
      (byte) => byte === DETACH_KEY || (session.readOnly && byte === INTERRUPT_KEY),
    );
    void session.send(end === -1 ? bytes : bytes.subarray(0, end));
    if (end !== -1) this.#detached.abort();
  }
}

function greeting(name: string, { holder, readOnly }: ConsoleSession): string {
  if (holder !== undefined) {
    return `The console of ${name}, read-only: process ${holder.pid} has the keyboard. Ctrl-] leaves it.`;
  }
  return `The console of ${name}${readOnly ? ', read-only' : ''}. Ctrl-] leaves it.`;
}
