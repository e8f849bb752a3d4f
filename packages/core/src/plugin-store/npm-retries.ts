import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * npm tries a request three times, and waits for 10 s and 60 s between. Whoever mistyped a registry or forgot a proxy would
 * look at nothing for over a minute; these are 2 s and 6 s.
 */
const PATIENCE = {
  NPM_CONFIG_FETCH_RETRY_MINTIMEOUT: '2000',
  NPM_CONFIG_FETCH_RETRY_FACTOR: '3',
} as const;

/**
 * How npm waits between its tries, as environment variables; none when the user's settings say something about it. How
 * often it tries is always the user's.
 *
 * @param env - the environment of vmctl
 */
export async function npmPatience(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Readonly<Record<string, string>>> {
  const settings = new Map(Object.entries(env).map(([name, value]) => [name.toLowerCase(), value]));
  if ([...settings.keys()].some((name) => name.startsWith('npm_config_fetch_retry_'))) return {};
  const file = settings.get('npm_config_userconfig') ?? join(env['HOME'] ?? '', '.npmrc');
  // One that cannot be read sets nothing; npm says what it thinks of it.
  const text = await readFile(file, 'utf8').catch(() => '');
  return /^\s*fetch-retry-/m.test(text) ? {} : PATIENCE;
}
