import type { InstanceState, ObservedState, RequestedState } from '../api/types.js';

/** What becomes of a request for another state. */
export type StateAnswer = 'accepted' | 'not-active' | { readonly denied: string };

const FINAL: readonly InstanceState[] = ['Destroyed', 'Failed'];

/** One VM of a server, from its creation to its end; it never starts a second time. */
export class FakeInstance {
  #current: ObservedState = { gen: 1, state: 'Creating' };
  #awaitingStop = false;
  #awaitingReboot = false;
  #waiters = new Set<() => void>();
  readonly #holds: ReadonlySet<InstanceState>;
  readonly #onStop: () => void;
  readonly #onRun: () => void;
  #failsToStart = false;

  /**
   * @param options.holds - states that are only left when they are taken out of it
   * @param options.onRun - when the guest begins to run
   * @param options.onStop - when the VM has stopped
   */
  constructor(options: {
    readonly holds: ReadonlySet<InstanceState>;
    readonly onRun: () => void;
    readonly onStop: () => void;
  }) {
    this.#holds = options.holds;
    this.#onRun = options.onRun;
    this.#onStop = options.onStop;
  }

  get current(): ObservedState {
    return this.#current;
  }

  get state(): InstanceState {
    return this.#current.state;
  }

  /** Makes the start that comes end in `Failed`. */
  failToStart(): void {
    this.#failsToStart = true;
  }

  request(wanted: RequestedState): StateAnswer {
    const { state } = this;
    if (state === 'Destroyed') return 'not-active';
    if (state === 'Stopped' || state === 'Failed') {
      if (wanted === 'Stop') return 'accepted';
      return {
        denied:
          state === 'Stopped'
            ? 'Instance has already halted'
            : 'Instance failed to start or halted due to a failure',
      };
    }
    switch (wanted) {
      case 'Run':
        if (this.#awaitingStop) return { denied: 'Instance is preparing to stop' };
        if (state === 'Creating') void this.#start();
        return 'accepted';
      case 'Stop':
        if (!this.#awaitingStop) {
          this.#awaitingStop = true;
          // One that migrates stops when that is over.
          if (state !== 'Migrating' && state !== 'Starting') void this.#stop();
        }
        return 'accepted';
      case 'Reboot':
        if (state === 'Migrating') return { denied: 'Operation cannot be performed on a migration source' };
        if (this.#awaitingStop) return { denied: 'Instance is preparing to stop' };
        if (state === 'Creating') return { denied: 'Operation requires an active instance' };
        if (state === 'Starting') return { denied: 'Instance is currently starting' };
        if (!this.#awaitingReboot) void this.#reboot();
        return 'accepted';
    }
  }

  /** The guest powers itself off. */
  powerOff(): void {
    if (this.state === 'Running') void this.#stop();
  }

  /** The guest or the VM breaks. */
  fail(): void {
    this.#set('Failed');
    this.#onStop();
  }

  startMigration(): void {
    this.#set('Migrating');
  }

  /** @param succeeded - the VM is elsewhere now, and here it is run down */
  async endMigration(succeeded: boolean): Promise<void> {
    if (succeeded) {
      await this.#enter('Stopped');
      await this.#enter('Destroyed');
    } else if (this.#awaitingStop) await this.#stop();
    else this.#set('Running');
  }

  /**
   * Waits for a generation, or a later one.
   *
   * @returns undefined when it will never come
   */
  async observe(gen: number, signal: AbortSignal): Promise<ObservedState | undefined> {
    for (;;) {
      if (gen <= this.#current.gen) return this.#current;
      if (FINAL.includes(this.state)) return undefined;
      signal.throwIfAborted();
      await this.#change(signal);
    }
  }

  /** To be called when a hold is taken away. */
  goOn(): void {
    this.#wake();
  }

  async #start(): Promise<void> {
    await this.#enter('Starting');
    if (this.#failsToStart) {
      this.fail();
      return;
    }
    this.#set('Running');
    this.#onRun();
    if (this.#awaitingStop) await this.#stop();
  }

  async #stop(): Promise<void> {
    await this.#enter('Stopping');
    this.#set('Stopped');
    this.#onStop();
    await this.#enter('Stopped');
    this.#set('Destroyed');
  }

  async #reboot(): Promise<void> {
    this.#awaitingReboot = true;
    await this.#enter('Rebooting');
    this.#awaitingReboot = false;
    if (this.#awaitingStop) return;
    this.#set('Running');
    this.#onRun();
  }

  /** Goes into a state and stays for a turn of the event loop, or until nobody holds it there. */
  async #enter(state: InstanceState): Promise<void> {
    this.#set(state);
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#holds.has(state) && this.state === state) await this.#change();
  }

  #set(state: InstanceState): void {
    if (state === this.state) return;
    this.#current = { gen: this.#current.gen + 1, state };
    this.#wake();
  }

  #change(signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => {
      this.#waiters.delete(done);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    this.#waiters.add(done);
    signal?.addEventListener('abort', done, { once: true });
    return promise;
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }
}
