import { readdir } from 'node:fs/promises';

/** The ids of all processes, on systems that have them in /proc (Linux, illumos); none elsewhere. */
export async function processIds(): Promise<readonly number[]> {
  const entries = await readdir('/proc').catch(() => []);
  return entries.filter((entry) => /^[1-9]\d*$/.test(entry)).map(Number);
}
