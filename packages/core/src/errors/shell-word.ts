/** A word of a command as a POSIX shell takes it: quoted where it has to be. For commands that people paste. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
