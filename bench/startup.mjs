/** What a command costs before it does anything: against node, and against an oclif CLI with one empty command. */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../scripts/processes.mjs';
import { repositoryRoot } from '../test/support/vmctl-home.ts';
import { createHome } from './home.mjs';
import { emptyDisk } from './empty-disk.mjs';
import { interleave, timed } from './measure.mjs';
import { differenceFigure, ratioFigure } from './report.mjs';

const vmctl = join(repositoryRoot, 'packages/core/bin/run.js');
const emptyCli = join(import.meta.dirname, 'fixtures/empty-cli');
const plugins = ['plugin-qemu', 'plugin-provisioners'];

/** @type {import('./run.mjs').Group} */
export async function startup({ rounds = 25 }) {
  // Without its manifest oclif imports all commands each time; vmctl has one.
  await run('oclif', ['manifest'], { cwd: emptyCli, stdio: ['ignore', 'ignore', 'inherit'] });
  await using empty = await createHome(plugins);
  await using three = await createHome(plugins);
  await registerVms(three, 3);
  await writeProject(empty);

  const emptyCommand = join(emptyCli, 'bin/run.js');
  const samples = await interleave(
    {
      node: () => nodeRun(empty, ['-e', '0']),
      version: () => nodeRun(empty, [vmctl, '--version']),
      emptyCommand: () => nodeRun(empty, [emptyCommand, 'nothing']),
      emptyHelp: () => nodeRun(empty, [emptyCommand, '--help']),
      complete: () => nodeRun(three, [vmctl, '__complete', '--', 'stop', '']),
      help: () => nodeRun(empty, [vmctl, '--help']),
      list: () => nodeRun(empty, [vmctl, 'list']),
      listOfThree: () => nodeRun(three, [vmctl, 'list']),
      validate: () => nodeRun(empty, [vmctl, 'validate']),
    },
    { rounds, warmUps: 2 },
  );

  const { node, emptyCommand: reference } = samples;
  return {
    figures: [
      ratioFigure('vmctl --version / node -e 0', samples.version, node, 1.5),
      ratioFigure('completing `vmctl stop`, 3 VMs / node -e 0', samples.complete, node, 2.5),
      ratioFigure('vmctl --help / empty oclif command', samples.help, reference, 1.5),
      ratioFigure('vmctl --help / help of the empty oclif CLI', samples.help, samples.emptyHelp),
      ratioFigure('vmctl list, no VMs / empty oclif command', samples.list, reference, 1.5),
      ratioFigure(
        'vmctl list, 3 stopped QEMU VMs / empty oclif command',
        samples.listOfThree,
        reference,
        1.5,
      ),
      differenceFigure('reading a VMFile: vmctl validate - vmctl list', samples.validate, samples.list, 120),
    ],
    notes: [],
  };
}

/**
 * A VMFile as a small project has it.
 *
 * @param {import('../test/support/vmctl-home.ts').VmctlHome} home
 */
async function writeProject(home) {
  await home.write(emptyDisk(), 'disk.img');
  await home.write(
    ['web', 'db']
      .map((name) => `vm "${name}" { image "disk.img"; memory "1GiB"; network "user"; cloud-init }\n`)
      .join(''),
  );
}

/**
 * Enters VMs that do not run into the registry.
 *
 * @param {import('../test/support/vmctl-home.ts').VmctlHome} home
 * @param {number} count
 */
export async function registerVms(home, count) {
  const names = Array.from({ length: count }, (_, index) => `vm${index + 1}`);
  for (const name of names) {
    await mkdir(home.workDir(name), { recursive: true });
    await writeFile(join(home.workDir(name), 'overlay.qcow2'), '');
  }
  const handles = names.map((name, index) => ({
    id: `qemu-0000000${index}`,
    name,
    backend: 'qemu',
    work_dir: home.workDir(name),
    pid: null,
    ssh_host_port: 41_000 + index,
  }));
  const registry = Object.fromEntries(handles.map((handle) => [handle.name, handle]));
  await writeFile(join(home.dataDir, 'vms.json'), JSON.stringify(registry));
}

/**
 * How long a command of vmctl takes.
 *
 * @param {import('../test/support/vmctl-home.ts').VmctlHome} home
 * @param {readonly string[]} args
 */
export function vmctlRun(home, args) {
  return nodeRun(home, [vmctl, ...args]);
}

/**
 * @param {import('../test/support/vmctl-home.ts').VmctlHome} home
 * @param {readonly string[]} args
 */
function nodeRun(home, args) {
  const env = { ...home.env, EMPTY_CLI_COMPILE_CACHE: join(home.root, 'cache/empty-cli') };
  return timed(() => {
    const { status, stderr } = spawnSync(process.execPath, args, {
      env,
      cwd: home.project,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`);
  });
}
