import type { GuestExecOptions, GuestExecResult, GuestSession, TransferOptions } from '@vmctl/core/plugin';

/** What goes wrong at one call of the guest. */
export interface GuestFault {
  /** Counted from 1; removals and commands that may fail do not count. */
  readonly at: number;
  /**
   * `fail`: a command exits with 1, a transfer rejects. `lose`: the connection is lost, for good. `hang`: the call goes on
   * until its signal aborts it.
   */
  readonly how: 'fail' | 'lose' | 'hang';
}

/** One call, for messages: `exec apt-get update`. */
type CallName = string;

function guestError(code: string, message: string): Error {
  return Object.assign(new Error(message), {
    code,
    hint: 'It is the conformance kit that lets this happen.',
    // The mark by which vmctl knows its errors.
    [Symbol.for('vmctl.error')]: true,
  });
}

/** A guest whose calls are counted, and one of which can go wrong. */
export class WatchedGuest implements GuestSession {
  readonly user: string;
  readonly address: GuestSession['address'];
  /** Calls in their order, those of the session's end as well. */
  readonly calls: CallName[] = [];
  /** The call that went wrong, once it was reached. */
  reached: CallName | undefined;
  readonly #inner: GuestSession;
  readonly #fault: GuestFault | undefined;
  readonly #mayFail: readonly (string | RegExp)[];
  readonly #hanging = Promise.withResolvers<void>();
  #counted = 0;
  #lost = false;

  constructor(
    inner: GuestSession,
    options: { readonly fault?: GuestFault; readonly mayFail?: readonly (string | RegExp)[] } = {},
  ) {
    this.#inner = inner;
    this.#fault = options.fault;
    this.#mayFail = options.mayFail ?? [];
    this.user = inner.user;
    this.address = inner.address;
  }

  /** Resolves when the call that hangs was reached. */
  get hanging(): Promise<void> {
    return this.#hanging.promise;
  }

  /** The calls without what they were about: two runs of one step have the same. */
  get methods(): readonly string[] {
    return this.calls.map((call) => call.split(' ')[0] ?? '');
  }

  async exec(command: string | readonly string[], options: GuestExecOptions = {}): Promise<GuestExecResult> {
    const line = typeof command === 'string' ? command : command.join(' ');
    const fault = this.#enter(`exec ${line}`, !this.#isTolerated(line));
    if (fault === 'fail') {
      const stderr = 'conformance kit: this command fails\n';
      await options.onStderr?.(Buffer.from(stderr));
      return { exitCode: 1, signal: null, stdout: '', stderr };
    }
    await this.#goWrong(fault, options.signal);
    return this.#inner.exec(command, options);
  }

  async upload(localPath: string, remotePath: string, options: TransferOptions = {}): Promise<void> {
    await this.#transfer(`upload ${localPath} ${remotePath}`, options.signal);
    return this.#inner.upload(localPath, remotePath, options);
  }

  async download(remotePath: string, localPath: string, options: TransferOptions = {}): Promise<void> {
    await this.#transfer(`download ${remotePath} ${localPath}`, options.signal);
    return this.#inner.download(remotePath, localPath, options);
  }

  async writeFile(...args: Parameters<GuestSession['writeFile']>): Promise<void> {
    const [remotePath, , options] = args;
    await this.#transfer(`writeFile ${remotePath}`, options?.signal);
    return this.#inner.writeFile(...args);
  }

  async mkdir(...args: Parameters<GuestSession['mkdir']>): Promise<void> {
    const [remotePath, options] = args;
    await this.#transfer(`mkdir ${remotePath}`, options?.signal);
    return this.#inner.mkdir(...args);
  }

  async remove(...args: Parameters<GuestSession['remove']>): Promise<void> {
    const fault = this.#enter(`remove ${args[0]}`, false);
    await this.#goWrong(fault, args[1]?.signal);
    return this.#inner.remove(...args);
  }

  async end(): Promise<void> {
    this.calls.push('end');
  }

  async #transfer(call: CallName, signal: AbortSignal | undefined): Promise<void> {
    const fault = this.#enter(call, true);
    if (fault === 'fail') throw guestError('VMCTL_GUEST_TRANSFER_FAILED', `${call}: the transfer fails.`);
    await this.#goWrong(fault, signal);
  }

  #enter(call: CallName, counts: boolean): GuestFault['how'] | undefined {
    this.calls.push(call);
    if (this.#lost) return 'lose';
    if (!counts) return undefined;
    this.#counted += 1;
    if (this.#fault?.at !== this.#counted) return undefined;
    this.reached = call;
    if (this.#fault.how === 'lose') this.#lost = true;
    return this.#fault.how;
  }

  async #goWrong(fault: GuestFault['how'] | undefined, signal: AbortSignal | undefined): Promise<void> {
    if (fault === 'lose') {
      throw guestError('VMCTL_GUEST_DISCONNECTED', 'The connection to the guest was lost.');
    }
    if (fault !== 'hang') return;
    this.#hanging.resolve();
    await new Promise<never>((_, reject) => {
      const end = (): void => reject(signal?.reason);
      if (signal?.aborted === true) end();
      else signal?.addEventListener('abort', end, { once: true });
    });
  }

  #isTolerated(line: string): boolean {
    return this.#mayFail.some((each) => (typeof each === 'string' ? line.includes(each) : each.test(line)));
  }
}
