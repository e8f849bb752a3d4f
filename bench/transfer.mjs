/** Uploads against what people would use instead: `tar | ssh tar` for a directory, scp for a file. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guestImage, guestNode, guestTarget } from './guest.mjs';
import { createHome, handleOf, runVmctl } from './home.mjs';
import { interleave, timed } from './measure.mjs';
import { owned } from './owned.mjs';
import { ratioFigure } from './report.mjs';
import { sshOptions, startSshd } from './ssh-target.mjs';

const FILES = 2_000;

/** @type {import('./run.mjs').Group} */
export async function transfer({ rounds = 5 }) {
  await using sshd = await startSshd();
  return {
    figures: await compare(sshd, { rounds, fileMb: 500 }),
    notes: ['both with the login, to an sshd on 127.0.0.1'],
  };
}

/**
 * The same into a real guest, where the guest's processors decide.
 *
 * @type {import('./run.mjs').Group}
 */
export async function guestTransfer({ rounds = 3 }) {
  const image = await guestImage();
  await using home = await createHome(['plugin-qemu']);
  await home.write(guestNode('bench', image));
  await runVmctl(home, ['up']);
  const guest = guestTarget(home.workDir('bench'), await handleOf(home, 'bench'));
  return {
    figures: await compare(guest, { rounds, fileMb: 100 }),
    notes: ['both with the login, into a Debian guest'],
  };
}

/**
 * @param {import('./ssh-target.mjs').SshTarget} target
 * @param {{ rounds: number, fileMb: number }} options
 */
async function compare(target, { rounds, fileMb }) {
  const directory = await mkdtemp(join(tmpdir(), 'vmctl-bench-transfer-'));
  const paths = { tree: join(directory, 'tree'), file: join(directory, 'file') };
  await using local = owned(paths, () => rm(directory, { recursive: true, force: true }));
  await makeTree(local.tree, FILES);
  await makeFile(local.file, fileMb);
  const destination = '/tmp/vmctl-bench-copy';
  /** @param {(destination: string) => number | Promise<number>} copy */
  const toNowhere = (copy) => async () => {
    mustRun('ssh', [...sshOptions(target), target.host, `rm -rf ${destination}`]);
    return copy(destination);
  };
  /** @param {string} path */
  const upload = (path) => toNowhere(async (to) => uploadOnce(target, path, to));
  const directories = await interleave(
    { vmctl: upload(local.tree), tar: toNowhere((to) => tarThroughSsh(target, local.tree, to)) },
    { rounds, warmUps: 1 },
  );
  const files = await interleave(
    { vmctl: upload(local.file), scp: toNowhere((to) => scp(target, local.file, to)) },
    { rounds: Math.min(rounds, 3), warmUps: 1 },
  );
  const { vmctl, tar } = directories;
  return [
    ratioFigure(`upload of ${FILES} small files / tar | ssh tar`, vmctl, tar, 1.5),
    ratioFigure(`upload of a ${fileMb} MB file / scp`, files.vmctl, files.scp, 1.2),
  ];
}

/**
 * Small files as a project has them: up to 8 KB, 50 to a directory.
 *
 * @param {string} root
 * @param {number} count
 */
export async function makeTree(root, count) {
  for (let index = 0; index < count; index++) {
    const directory = join(root, `d${Math.floor(index / 50)}`);
    if (index % 50 === 0) await mkdir(directory, { recursive: true });
    await writeFile(join(directory, `f${index}`), randomBytes((index * 37) % 8192));
  }
}

/**
 * @param {string} path
 * @param {number} megabytes
 */
export async function makeFile(path, megabytes) {
  await using file = await open(path, 'w');
  for (let index = 0; index < megabytes; index++) await file.write(randomBytes(2 ** 20));
}

/**
 * @param {import('./ssh-target.mjs').SshTarget} target
 * @param {string} local
 * @param {string} remote
 * @returns {number} milliseconds, without the start of node
 */
function uploadOnce(target, local, remote) {
  const args = [join(import.meta.dirname, 'upload-once.mjs'), JSON.stringify(target), local, remote];
  return Number(mustRun(process.execPath, args));
}

/**
 * @param {import('./ssh-target.mjs').SshTarget} target
 * @param {string} local
 * @param {string} remote
 */
function tarThroughSsh(target, local, remote) {
  const pipe = 'from=$1 to=$2; shift 2; tar -C "$from" -cf - . | ssh "$@" "mkdir -p $to && tar -C $to -xf -"';
  const args = ['-c', pipe, 'sh', local, remote, ...sshOptions(target), target.host];
  return timed(() => mustRun('/bin/sh', args));
}

/**
 * @param {import('./ssh-target.mjs').SshTarget} target
 * @param {string} local
 * @param {string} remote
 */
function scp(target, local, remote) {
  return timed(() => mustRun('scp', ['-q', ...sshOptions(target), local, `${target.host}:${remote}`]));
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {string} what it printed
 */
function mustRun(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`, { cause: error });
  return stdout;
}
