/** `npm run check`: everything that can be said about the code without running it. All checks run, also after a failure. */
import { CommandFailed, main, run } from './processes.mjs';

/** @type {readonly (readonly [what: string, file: string, args: readonly string[]])[]} */
const checks = [
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  ['build', 'node', ['scripts/build.mjs']],
  ['plugin API', 'node', ['scripts/api-report.mjs', '--check']],
  ['command reference', 'node', ['scripts/command-reference.mjs', '--check']],
  ['types of tests and scripts', 'tsc', ['-p', 'tsconfig.test.json']],
  ['lint', 'oxlint', []],
  ['packages', 'node', ['scripts/check-packages.mjs']],
];

await main(async () => {
  const failed = [];
  for (const [what, file, args] of checks) {
    process.stdout.write(`check: ${what}\n`);
    try {
      await run(file, args);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      failed.push(what);
    }
  }
  process.stdout.write(failed.length === 0 ? 'check: all passed\n' : `check: failed: ${failed.join(', ')}\n`);
  if (failed.length > 0) process.exitCode = 1;
});
