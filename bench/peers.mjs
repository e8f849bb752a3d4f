/** Other tools for the same purpose, where they are installed: what they cost before they do anything. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../test/support/vmctl-home.ts';
import { createHome } from './home.mjs';
import { interleave, timed } from './measure.mjs';
import { ratioFigure } from './report.mjs';

/** Programs, with the command that lists VMs. */
const PEERS = { vagrant: ['global-status'], limactl: ['list'] };

/** @type {import('./run.mjs').Group} */
export async function peers({ rounds = 7 }) {
  /** @type {import('./report.mjs').Figure[]} */
  const figures = [];
  const notes = [];
  await using home = await createHome(['plugin-qemu', 'plugin-provisioners']);
  for (const [program, args] of Object.entries(PEERS)) {
    const version = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (version.error !== undefined) {
      notes.push(`${program} is not installed; not compared`);
      continue;
    }
    const samples = await interleave(
      {
        vmctl: () =>
          timedRun(home, process.execPath, [join(repositoryRoot, 'packages/core/bin/run.js'), 'list']),
        peer: () => timedRun(home, program, args),
      },
      { rounds, warmUps: 1 },
    );
    const name = `vmctl list / ${[program, ...args].join(' ')}`;
    figures.push(ratioFigure(name, samples.vmctl, samples.peer));
    notes.push(version.stdout.trim());
  }
  return { figures, notes };
}

/**
 * @param {import('../test/support/vmctl-home.ts').VmctlHome} home
 * @param {string} program
 * @param {readonly string[]} args
 */
function timedRun(home, program, args) {
  return timed(() => {
    const { status, stderr } = spawnSync(program, args, { env: home.env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  });
}
