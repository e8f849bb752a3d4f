import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { hypervisorChecks } from '@vmctl/conformance';

const root = join(import.meta.dirname, '../..');
const fixtures = join(root, 'packages/conformance/test/runners');
const modules = join(root, 'node_modules');

/** What a test runner counted. */
interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Run {
  readonly args: readonly string[];
  readonly counts: (output: string) => Counts;
}

/** A line `# pass 53` of TAP. */
const tapCount = (output: string, word: string): number =>
  Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(output)?.[1]);

const jestConfig = {
  rootDir: join(fixtures, 'jest'),
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      join(modules, '@swc/jest'),
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
};

const runners: Readonly<Record<string, Run>> = {
  'node:test': {
    args: ['--test', '--test-reporter=tap', join(fixtures, 'node/memory.test.ts')],
    counts: (output) => ({
      passed: tapCount(output, 'pass'),
      failed: tapCount(output, 'fail'),
      skipped: tapCount(output, 'skipped'),
    }),
  },
  vitest: {
    args: [
      join(modules, 'vitest/vitest.mjs'),
      ...['run', '--dir', join(fixtures, 'vitest'), '--reporter=tap-flat'],
    ],
    counts: (output) => {
      const lines = output.split('\n');
      const skipped = lines.filter((line) => /^ok .* # SKIP/.test(line)).length;
      return {
        passed: lines.filter((line) => line.startsWith('ok ')).length - skipped,
        failed: lines.filter((line) => line.startsWith('not ok ')).length,
        skipped,
      };
    },
  },
  jest: {
    args: [
      '--experimental-vm-modules',
      join(modules, 'jest/bin/jest.js'),
      ...['--json', '--runInBand', '--config', JSON.stringify(jestConfig)],
    ],
    counts: (output) => {
      const report = JSON.parse(output.slice(output.indexOf('{')));
      return {
        passed: report.numPassedTests,
        failed: report.numFailedTests,
        skipped: report.numPendingTests,
      };
    },
  },
};

/** Runs the fixture of a runner to its end. */
async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly status: number | null; readonly stdout: string; readonly all: string }> {
  // What this jest has set for its own workers is none of theirs.
  const { JEST_WORKER_ID: _id, NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _test, ...own } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...own, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let all = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    all += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => void (all += chunk.toString()));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, stdout, all };
}

/** The backend in memory can suspend, cannot grow disks, change forwards, open its console or be inspected. */
const SKIPPED = [
  'skipped: it supports suspend',
  'skipped: supports.growDisk is not true',
  'skipped: supports.liveForwards is not true',
  'console-can-be-opened',
  'console-of-a-vm-at-rest',
  'inspection-is-well-formed',
  'nothing-to-inspect-at-rest',
];

describe.each(Object.entries(runners))('the conformance kit under %s', (_, { args, counts }) => {
  it('passes a correct backend, and says what is skipped', async () => {
    const { status, stdout, all } = await run(args, {});
    expect({ status, counts: counts(stdout) }).toEqual({
      status: 0,
      counts: { passed: hypervisorChecks.length - SKIPPED.length, failed: 0, skipped: SKIPPED.length },
    });
    for (const words of SKIPPED) expect(all).toContain(words);
  });

  it('fails a backend with a defect, by the name of the check', async () => {
    const { status, stdout, all } = await run(args, { CONFORMANCE_DEFECT: 'stop-is-idempotent' });
    expect(status).not.toBe(0);
    expect(counts(stdout).failed).toBeGreaterThan(0);
    expect(all).toContain('stop-is-idempotent: stopping a VM that does not run changes nothing');
  });
});
