import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from '@jest/globals';
import type { TestRunner } from '@vmctl/conformance';

const inPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)));

/** What a test may need of the host; each with the package of Debian that brings it. */
const REQUIREMENTS = {
  qemu: {
    met: () => inPath('qemu-system-x86_64') && inPath('qemu-img'),
    packages: 'qemu-system-x86 qemu-utils',
  },
  ovmf: {
    met: () => existsSync('/usr/share/qemu/firmware') || existsSync('/usr/share/OVMF'),
    packages: 'ovmf',
  },
} as const;

/** A `describe` that says in one line what it skips, and what would have to be installed. */
export function describeWith(
  needs: readonly (keyof typeof REQUIREMENTS)[],
  name: string,
  tests: () => void,
): void {
  const missing = needs.filter((need) => !REQUIREMENTS[need].met());
  if (missing.length === 0) {
    describe(name, tests);
    return;
  }
  const packages = missing.map((need) => REQUIREMENTS[need].packages).join(' ');
  process.stderr.write(`skipped: ${name} (not installed: ${packages})\n`);
  describe.skip(`${name} (needs ${packages})`, tests);
}

/** A runner for the conformance kit that skips everything when something is missing, and says what. */
export function runnerWith(needs: readonly (keyof typeof REQUIREMENTS)[], runner: TestRunner): TestRunner {
  return { ...runner, describe: (name, define) => describeWith(needs, name, define) };
}
