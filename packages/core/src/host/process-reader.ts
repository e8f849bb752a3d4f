/** What one operating system says about its processes; {@link createProcessTable} builds on it. */
export interface ProcessReader {
  /**
   * When the process started, in a form that is the same for its whole life and differs from that of any other
   * process with this id, also after a reboot. Undefined when there is no such process, or only its zombie.
   */
  startTime(pid: number): Promise<string | undefined>;
  /** The arguments, as exactly as the system keeps them. Undefined when gone or not ours to read. */
  commandLine(pid: number): Promise<readonly string[] | undefined>;
}
