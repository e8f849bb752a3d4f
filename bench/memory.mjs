/** What vmctl itself needs while much goes through it. The guest is an sshd of this machine. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyDisk } from './empty-disk.mjs';
import { createHome, said } from './home.mjs';
import { peakMemory } from './peak-memory.mjs';
import { startSshd } from './ssh-target.mjs';
import { makeFile, makeTree } from './transfer.mjs';

const GOAL_MB = 150;
/** A vmctl that keeps what it should pass on gets slower and slower. */
const DEADLINE_MS = 120_000;

/** @type {import('./run.mjs').Group} */
export async function memory() {
  await using sshd = await startSshd();
  await using home = await createHome(['plugin-provisioners']);
  await writeFile(join(home.project, 'disk.img'), emptyDisk());
  await makeFile(join(home.project, 'file'), 500);
  await makeTree(join(home.project, 'tree'), 2_000);
  const target = join(home.root, 'guest');
  const steps = {
    file: `provision "file" { source "file"; destination "${target}/file" }`,
    tree: `provision "file" { source "tree/"; destination "${target}/tree" }`,
    output: `provision "shell" { inline "head -c 75000000 /dev/urandom | base64" }`,
    endlessLine: `provision "shell" { inline "head -c 100000000 /dev/zero | tr '\\\\0' x" }`,
  };
  await home.write(
    Object.entries(steps)
      .map(([name, step]) => vmNode(name, sshd, step))
      .join('\n'),
  );

  /**
   * @param {string} what
   * @param {keyof typeof steps} vm
   * @returns {Promise<import('./report.mjs').Figure>}
   */
  const figure = async (what, vm) => {
    const command = home.start(['up', '--name', vm], {
      env: { VMCTL_NOOP_SSH: `${sshd.host}:${sshd.port}` },
    });
    const timer = setTimeout(() => command.kill('SIGKILL'), DEADLINE_MS);
    const peak = await peakMemory(command.pid, command.done);
    clearTimeout(timer);
    const result = await command.done;
    if (result.code !== 0)
      throw new Error(`vmctl up --name ${vm} ended with ${result.code}: ${said(result)}`);
    return { name: `peak of vmctl, ${what}`, unit: 'MB', value: peak, goal: GOAL_MB };
  };
  return {
    figures: [
      await figure('500 MB file uploaded', 'file'),
      await figure('2000 small files uploaded', 'tree'),
      await figure('100 MB of output from a step', 'output'),
      await figure('100 MB of output without a line end', 'endlessLine'),
    ],
    notes: [],
  };
}

/**
 * @param {string} name
 * @param {import('./ssh-target.mjs').SshTarget} target
 * @param {string} step
 */
function vmNode(name, { user, keyPath }, step) {
  return `vm "${name}" {
    image "disk.img"
    backend "noop"
    ssh { user "${user}"; private-key "${keyPath}" }
    ${step}
}`;
}
