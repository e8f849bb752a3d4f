/** What installed plugins cost a command that uses none of them: with twenty of them against none. */
import { createHome } from './home.mjs';
import { interleave } from './measure.mjs';
import { ratioFigure } from './report.mjs';
import { installPlugin, provisioner } from '../test/support/third-party-plugin.ts';
import { registerVms, vmctlRun } from './startup.mjs';

const COUNT = 20;

/** @type {import('./run.mjs').Group} */
export async function plugins({ rounds = 25 }) {
  await using none = await createHome([]);
  await using twenty = await createHome([]);
  await using qemu = await createHome(['plugin-qemu']);
  await using qemuAndTwenty = await createHome(['plugin-qemu']);
  await installPlugins(twenty);
  await installPlugins(qemuAndTwenty);
  for (const home of [qemu, qemuAndTwenty]) await registerVms(home, 3);

  const samples = await interleave(
    {
      list: () => vmctlRun(none, ['list']),
      listWith: () => vmctlRun(twenty, ['list']),
      help: () => vmctlRun(none, ['--help']),
      helpWith: () => vmctlRun(twenty, ['--help']),
      listOfThree: () => vmctlRun(qemu, ['list']),
      listOfThreeWith: () => vmctlRun(qemuAndTwenty, ['list']),
    },
    { rounds, warmUps: 2 },
  );
  return {
    figures: [
      ratioFigure(`vmctl list, ${COUNT} plugins / none`, samples.listWith, samples.list, 1.15),
      ratioFigure(`vmctl --help, ${COUNT} plugins / none`, samples.helpWith, samples.help, 1.15),
      ratioFigure(
        `vmctl list, 3 stopped QEMU VMs, ${COUNT + 1} plugins / 1`,
        samples.listOfThreeWith,
        samples.listOfThree,
        1.15,
      ),
    ],
    notes: [],
  };
}

/** @param {import('../test/support/vmctl-home.ts').VmctlHome} home */
async function installPlugins(home) {
  for (let index = 1; index <= COUNT; index++) {
    const name = `acme-${index}`;
    await installPlugin(home, { name, contributes: { provisioners: [name] }, apply: provisioner(name) });
  }
}
