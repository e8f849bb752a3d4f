/** Verbs that take a command for the guest, and those of their flags that take a value as the next word. */
export const guestCommandVerbs: Readonly<Record<string, readonly string[]>> = {
  exec: ['--env', '--key', '--user', '--workdir', '-e', '-u', '-w'],
  ssh: ['--key', '--user', '-u'],
};

/**
 * Puts a `--` before the command in `vmctl ssh web ls -la`: from its first word on, everything belongs to the
 * command, `--help` and `--json` too. Between the name of the VM and the command flags are still vmctl's, as with ssh
 * itself. Done before anything else looks at the words, because oclif takes its own flags wherever they stand.
 */
export function separateGuestCommand(argv: readonly string[]): string[] {
  const [verb = '', ...words] = argv;
  const valueFlags = Object.hasOwn(guestCommandVerbs, verb) ? guestCommandVerbs[verb] : undefined;
  if (valueFlags === undefined) return [...argv];
  let isNamed = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '--') break;
    if (word.startsWith('-') && word !== '-') {
      if (valueFlags.includes(word)) index++;
    } else if (isNamed) return [verb, ...words.slice(0, index), '--', ...words.slice(index)];
    else isNamed = true;
  }
  return [...argv];
}
