let listener: (() => void) | undefined;

/** Has `ended` called when the command line has done its work. One at a time: whoever guards the process. */
export function onCommandEnd(ended: () => void): void {
  listener = ended;
}

/** Says that the command has done its work: its output is written and its exit status is set. */
export function commandEnded(): void {
  listener?.();
}
