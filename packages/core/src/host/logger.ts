import { inspect } from 'node:util';

/** Diagnostics for people who debug vmctl (`DEBUG=vmctl:*`); goes to stderr, silent by default. */
export interface Logger {
  /** Prints a line when `DEBUG` names this logger; details are printed as `util.inspect` does. Secrets do not belong here. */
  debug(message: string, ...details: readonly unknown[]): void;
  /** A logger whose lines carry one more name. */
  child(name: string): Logger;
}

/** Where the lines go and what switches them on; the defaults are those of this process. */
export interface LoggerOptions {
  /** Names to show, as in `DEBUG`; default: that variable. */
  readonly patterns?: string | undefined;
  readonly write?: ((line: string) => void) | undefined;
}

/**
 * Makes a logger. Its lines are shown when `DEBUG` names it: patterns with `*`, separated by commas or blanks, a
 * leading `-` takes names away. `vmctl:*` is `vmctl` and everything below. Times are milliseconds since the start
 * of the process.
 */
export function createLogger(name: string, options: LoggerOptions = {}): Logger {
  const patterns = options.patterns ?? process.env['DEBUG'] ?? '';
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const make = (full: string): Logger => ({
    debug: isShown(full, patterns)
      ? (message, ...details) => {
          write(format(full, message, details));
        }
      : silent,
    child: (part) => make(`${full}:${part}`),
  });
  return make(name);
}

/** Whether the patterns show that name. */
export function isShown(name: string, patterns: string): boolean {
  let shown = false;
  for (const pattern of patterns.split(/[\s,]+/)) {
    if (pattern === '' || pattern === '-') continue;
    if (pattern.startsWith('-')) {
      if (matches(name, pattern.slice(1))) return false;
    } else if (matches(name, pattern)) shown = true;
  }
  return shown;
}

function matches(name: string, pattern: string): boolean {
  if (pattern.endsWith(':*') && matches(name, pattern.slice(0, -2))) return true;
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`).test(name);
}

const silent = (): void => undefined;

function format(name: string, message: string, details: readonly unknown[]): string {
  const words = details.map((each) =>
    typeof each === 'string' ? each : inspect(each, { depth: 4, breakLength: Infinity }),
  );
  const elapsed = `${Math.round(performance.now())}ms`.padStart(8);
  return `${elapsed} ${name} ${[message, ...words].join(' ')}\n`;
}
