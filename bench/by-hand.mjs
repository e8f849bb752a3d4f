/**
 * A VM started by hand: the QEMU command line that vmctl used, on disks that lie ready, and a tight loop that waits for
 * SSH. It is the least that booting this guest can take.
 */
import { execFileSync, spawn } from 'node:child_process';
import { copyFile, cp, mkdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { guestTarget } from './guest.mjs';
import { owned } from './owned.mjs';
import { freePort, sshOptions } from './ssh-target.mjs';

/** Between two attempts. A loop without a pause keeps QEMU so busy that the guest boots several times as long. */
const PAUSE_MS = 20;
/** An attempt that is silent for so long may have come before the guest's network, and gets company. */
const SILENCE_MS = 250;
/** An emulated sshd may need seconds for its greeting, and more with every attempt that is given up too soon. */
const PATIENCE_MS = 5_000;

/**
 * @typedef {object} Template
 * @property {readonly string[]} command the command line of vmctl's QEMU
 * @property {string} workDir of the VM that it served
 * @property {string} baseImage
 * @property {import('./ssh-target.mjs').SshTarget} target
 * @property {string} directory copy of what the guest needs: seed, key, known_hosts
 */

/**
 * Notes how vmctl started a VM, while it runs.
 *
 * @param {Record<string, unknown>} handle of vms.json
 * @param {string} directory where copies go
 * @returns {Promise<Template>}
 */
export async function templateOf(handle, directory) {
  const { work_dir: workDir, pid, image_path: baseImage } = handle;
  const command = (await readFile(`/proc/${String(pid)}/cmdline`, 'utf8')).split('\0').slice(0, -1);
  await mkdir(directory, { recursive: true });
  for (const name of ['seed.iso', 'id_ed25519_generated', 'known_hosts']) {
    await copyFile(join(String(workDir), name), join(directory, name));
  }
  return {
    command,
    workDir: String(workDir),
    baseImage: String(baseImage),
    target: guestTarget(directory, handle),
    directory,
  };
}

/**
 * Boots one VM from a template and ends it again.
 *
 * @param {Template} template
 * @returns {Promise<{ login: number, ready: number }>} milliseconds from the start of QEMU until a command runs in
 *   the guest, and until cloud-init has finished there
 */
export async function bootByHand(template) {
  const workDir = join(template.directory, 'run');
  await mkdir(workDir);
  await cp(join(template.directory, 'seed.iso'), join(workDir, 'seed.iso'));
  const overlay = join(workDir, 'overlay.qcow2');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', template.baseImage, '-F', 'qcow2', overlay]);
  const port = await freePort();
  const [program = '', ...args] = template.command.map((arg) =>
    inPlace(arg, template.workDir, workDir, port),
  );

  const begin = performance.now();
  const qemu = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => qemu.once('close', resolve));
  await using guest = owned({ qemu, target: { ...template.target, port } }, async () => {
    qemu.kill('SIGKILL');
    await ended;
    await rm(workDir, { recursive: true, force: true });
  });
  await waitForGreeting(port, guest.qemu);
  const login = await logIn(guest.target, guest.qemu);
  const ready = await login.finished;
  return { login: login.at - begin, ready: ready - begin };
}

/**
 * The same argument for another work directory; sockets may be reached through a short link to the old one.
 *
 * @param {string} arg
 * @param {string} from
 * @param {string} to
 * @param {number} port
 */
function inPlace(arg, from, to, port) {
  return arg
    .replaceAll(`${from}/`, `${to}/`)
    .replace(/\bpath=([^,]*\/)?([^,/]+\.sock)/, (_match, _directory, name) => `path=${join(to, name)}`)
    .replace(/hostfwd=tcp:127\.0\.0\.1:\d+-:22\b/, `hostfwd=tcp:127.0.0.1:${port}-:22`);
}

/**
 * @param {number} port
 * @param {import('node:child_process').ChildProcess} qemu
 */
async function waitForGreeting(port, qemu) {
  let greeted = false;
  let isNetworkUp = false;
  while (!greeted) {
    if (qemu.exitCode !== null) throw new Error(`QEMU ended with ${qemu.exitCode}`);
    const attempt = greets(port).then((answer) => {
      greeted ||= answer === 'greeting';
      isNetworkUp ||= answer === 'refusal';
    });
    await Promise.race(isNetworkUp ? [attempt] : [attempt, sleep(SILENCE_MS)]);
    await sleep(PAUSE_MS);
  }
}

/**
 * @param {number} port
 * @returns {Promise<'greeting' | 'refusal' | 'silence'>}
 */
function greets(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: PATIENCE_MS });
    /** @param {'greeting' | 'refusal' | 'silence'} answer */
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', () => end('greeting')).once('timeout', () => end('silence'));
    // QEMU accepts every connection; it is the guest that ends it.
    socket.once('error', () => end('refusal')).once('close', () => end('refusal'));
  });
}

/**
 * Logs in as soon as the guest lets us, and waits there for cloud-init.
 *
 * @param {import('./ssh-target.mjs').SshTarget} target
 * @param {import('node:child_process').ChildProcess} qemu
 * @returns {Promise<{ at: number, finished: Promise<number> }>} times of `performance.now()`
 */
async function logIn(target, qemu) {
  const command = 'echo in; until [ -e /run/cloud-init/result.json ]; do sleep 0.1; done';
  while (qemu.exitCode === null) {
    const ssh = spawn('ssh', [...sshOptions(target), target.host, command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    /** @type {Promise<{ code: number | null, at: number }>} */
    const closed = new Promise((resolve) =>
      ssh.once('close', (code) => resolve({ code, at: performance.now() })),
    );
    const said = new Promise((resolve) => ssh.stdout.once('data', () => resolve(performance.now())));
    const at = await Promise.race([said, closed.then(() => undefined)]);
    if (at !== undefined) return { at, finished: closed.then((end) => end.at) };
  }
  throw new Error(`QEMU ended with ${qemu.exitCode}`);
}
