/** A process, known by its id and its start time: a reused id is another process. */
export interface ProcessIdentity {
  /** As the operating system numbers it. */
  readonly pid: number;
  /** Opaque and stable for the life of the process: on Linux `boot-id:starttime-in-ticks`. */
  readonly startTime: string;
}

/** Processes of this host, never known by PID alone. */
export interface ProcessTable {
  /** The identity of a living process (zombies count as dead), or undefined. */
  identify(pid: number): Promise<ProcessIdentity | undefined>;
  /** Whether that very process still lives. */
  isAlive(identity: ProcessIdentity): Promise<boolean>;
  /** The arguments it was started with, or undefined when it is gone or not ours to read. */
  commandLine(identity: ProcessIdentity): Promise<readonly string[] | undefined>;
  /** Sends a signal to that very process; false when it is gone. */
  signal(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean>;
  /** Resolves true once it is gone, false at the time-out. Polls at most every 50 ms. */
  waitForExit(
    identity: ProcessIdentity,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<boolean>;
}
