import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../support/vmctl-home.js';

const execFileAsync = promisify(execFile);

/** Runs a module as the benchmarks run theirs: without a build, and without anything else to do. */
async function runModule(source: string): Promise<string> {
  const args = ['--no-warnings', '--input-type=module', '--eval', source];
  return (await execFileAsync(process.execPath, args, { cwd: repositoryRoot })).stdout;
}

it('the benchmarks can be loaded, and name their groups', async () => {
  const run = execFileAsync(process.execPath, [join(repositoryRoot, 'bench/run.mjs'), 'nonsense']);
  await expect(run).rejects.toMatchObject({ code: 2, stdout: expect.stringContaining('startup, plugins') });
});

it('a home can be made and removed by them as by the tests', async () => {
  const source = `
    import { VmctlHome } from './test/support/vmctl-home.ts';
    const home = await VmctlHome.create();
    await home.remove();
    console.log('removed');
  `;
  expect(await runModule(source)).toBe('removed\n');
});
