/** `vmctl up` on real QEMU: what it adds to the boot of a guest, and what a second VM costs. */
import { join } from 'node:path';
import { bootByHand, templateOf } from './by-hand.mjs';
import { guestImage, guestNode } from './guest.mjs';
import { createHome, handleOf, runVmctl, said } from './home.mjs';
import { interleave, median } from './measure.mjs';
import { peakMemory } from './peak-memory.mjs';
import { ratioFigure } from './report.mjs';

/** @type {import('./run.mjs').Group} */
export async function up({ rounds = 3 }) {
  const image = await guestImage();
  await using home = await createHome(['plugin-qemu']);
  await home.write(guestNode('one', image) + guestNode('two', image));
  // Finds out once whether KVM works; the answer is kept.
  await home.vmctl('doctor');

  /** @type {import('./by-hand.mjs').Template | undefined} */
  let template;
  /** @type {number[]} */
  const logins = [];
  /** @type {number[]} */
  const loginsByHand = [];
  /** @type {number[]} */
  const peaks = [];
  const samples = await interleave(
    {
      vmctl: async () => {
        const { duration, loginAfter, peak } = await upOf(home, ['one']);
        template ??= await templateOf(await handleOf(home, 'one'), join(home.root, 'by-hand'));
        await runVmctl(home, ['destroy', 'one', '--yes']);
        logins.push(loginAfter);
        peaks.push(peak);
        return duration;
      },
      byHand: async () => {
        // The first round starts with vmctl.
        if (template === undefined) throw new Error('nothing to do as vmctl did');
        const { login, ready } = await bootByHand(template);
        loginsByHand.push(login);
        return ready;
      },
      twoVms: async () => {
        const { duration, peak } = await upOf(home, ['one', 'two']);
        await runVmctl(home, ['destroy', 'one', 'two', '--yes']);
        peaks.push(peak);
        return duration;
      },
    },
    { rounds },
  );
  return {
    figures: [
      ratioFigure('vmctl up, until a command runs in the guest / QEMU by hand', logins, loginsByHand, 1.03),
      ratioFigure('vmctl up, until cloud-init is done / QEMU by hand', samples.vmctl, samples.byHand, 1.03),
      ratioFigure('vmctl up of two VMs / of one', samples.twoVms, samples.vmctl, 1.6),
      { name: 'peak of vmctl, VMs booted', unit: 'MB', value: median(peaks), goal: 150, samples: { peaks } },
    ],
    notes: ['by hand: the same QEMU arguments, disks made before, a tight loop that waits for SSH'],
  };
}

/**
 * Runs `vmctl up` and reads its events.
 *
 * @param {import('../test/support/vmctl-home.ts').VmctlHome} home
 * @param {readonly string[]} names
 * @returns {Promise<{ duration: number, loginAfter: number, peak: number }>} milliseconds from the start of the
 *   command to its end, and to the login of the first VM; MB
 */
async function upOf(home, names) {
  const begin = Date.now();
  const command = home.start(['up', '--json', ...names.flatMap((name) => ['--name', name])]);
  const peak = await peakMemory(command.pid, command.done);
  const result = await command.done;
  const duration = Date.now() - begin;
  if (result.code !== 0) throw new Error(`vmctl up ended with ${result.code}: ${said(result)}`);
  /** @type {{ type: string, check?: string, time: string }[]} */
  const events = result.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const login = events.find(({ type, check }) => type === 'check.passed' && check === 'login works');
  if (login === undefined) throw new Error(`vmctl up did not log in: ${said(result)}`);
  return { duration, loginAfter: Date.parse(login.time) - begin, peak };
}
