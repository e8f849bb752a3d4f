import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { it } from '@jest/globals';

/** Runs a program of the host; its output as text. */
export const run = promisify(execFile);

/** Whether the host has a program. */
export function has(program: string): boolean {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return places.some((place) => {
    try {
      accessSync(join(place, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** `it` where the host has these programs; else a skip that says so. */
export function itWith(...programs: readonly string[]): typeof it {
  const missing = programs.filter((program) => !has(program));
  if (missing.length === 0) return it;
  process.stderr.write(`skipping a test: ${missing.join(', ')} not installed\n`);
  // `it` has more members than `it.skip`; tests use none of them but `each`, which both have.
  return it.skip as typeof it;
}

/** `it` for users with limits: nothing is forbidden to root. */
export function itUnlessRoot(): typeof it {
  if (process.getuid?.() !== 0) return it;
  process.stderr.write('skipping a test: root may do what it shows to be forbidden\n');
  return it.skip as typeof it; // as above
}
