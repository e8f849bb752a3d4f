/**
 * A command line for a server of the tests that ends with the process that starts it, however that ends: a test run that is
 * killed leaves none. Its children do not count.
 */
export function endsWithParent(command: readonly string[]): string[] {
  return ['setpriv', '--pdeathsig', 'KILL', '--', ...command];
}
