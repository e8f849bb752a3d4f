/**
 * Looks for the programs that the demo or the tests need, and installs the Debian packages of those that are missing:
 * as root or with passwordless sudo. Otherwise prints the command and ends with 1.
 *
 *   node scripts/system-packages.mjs --for demo|test
 */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { isRoot } from './guest-image/root-privileges.mjs';
import { CommandFailed, main, run, statusOf, toolEnvironment } from './processes.mjs';

/** @typedef {{ package: string, program?: string, file?: string }} Requirement what shows that a package is there */

/** @type {Requirement[]} */
const forDemo = [
  { package: 'qemu-system-x86', program: 'qemu-system-x86_64' },
  { package: 'qemu-utils', program: 'qemu-img' },
  { package: 'openssh-client', program: 'ssh' },
  // The guest image.
  { package: 'mmdebstrap', program: 'mmdebstrap' },
  { package: 'debian-archive-keyring', file: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  { package: 'e2fsprogs', program: 'mke2fs' },
  { package: 'fdisk', program: 'sfdisk' },
  { package: 'mtools', program: 'mcopy' },
  { package: 'syslinux', program: 'syslinux' },
  { package: 'syslinux-common', file: '/usr/lib/syslinux/mbr/mbr.bin' },
  { package: 'tar', program: 'tar' },
  { package: 'util-linux', program: 'flock' },
  // Without root a user namespace stands in, which needs the range of user ids from /etc/subuid.
  ...(isRoot ? [] : [{ package: 'uidmap', program: 'newuidmap' }]),
];

/** @type {Requirement[]} */
const forTests = [
  ...forDemo,
  { package: 'ansible-core', program: 'ansible-playbook' },
  { package: 'busybox', program: 'busybox' },
  { package: 'docker-registry', program: 'docker-registry' },
  { package: 'fish', program: 'fish' },
  { package: 'openssh-server', program: 'sshd' },
  { package: 'ovmf', file: '/usr/share/OVMF' },
  { package: 'rsync', program: 'rsync' },
  { package: 'seabios', file: '/usr/share/seabios/bios-microvm.bin' },
  { package: 'tmux', program: 'tmux' },
  { package: 'xorriso', program: 'xorriso' },
  { package: 'xz-utils', program: 'xz' },
  { package: 'zsh', program: 'zsh' },
  { package: 'zstd', program: 'zstd' },
];

/** @param {string} program */
function isInstalled(program) {
  const directories = toolEnvironment().PATH.split(delimiter);
  return directories.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {Requirement} requirement */
const isMet = ({ program, file }) =>
  (program === undefined || isInstalled(program)) && (file === undefined || existsSync(file));

/** @typedef {(file: string, args: string[]) => Promise<void>} RunAsRoot */

/** @returns {Promise<RunAsRoot | undefined>} undefined when this user may not be root without a password */
async function rootRunner() {
  if (isRoot) return run;
  if (!isInstalled('sudo')) return undefined;
  const status = await statusOf('sudo', ['--non-interactive', 'true'], { stdio: 'ignore' });
  return status === 0 ? (file, args) => run('sudo', ['--non-interactive', file, ...args]) : undefined;
}

/** Whether apt knows of any package; in a fresh container it does not. */
function hasPackageLists() {
  const lists = '/var/lib/apt/lists';
  return existsSync(lists) && readdirSync(lists).some((name) => name.includes('_Packages'));
}

/**
 * @param {RunAsRoot} runAsRoot
 * @param {string[]} packages
 */
async function install(runAsRoot, packages) {
  const apt = (/** @type {string[]} */ ...args) =>
    runAsRoot('env', [
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      '-q',
      '-o',
      'DPkg::Lock::Timeout=300',
      ...args,
    ]);
  const installAll = () => apt('install', '--yes', '--no-install-recommends', ...packages);
  if (hasPackageLists()) {
    try {
      return await installAll();
    } catch (error) {
      // Old lists name versions that the mirror has replaced since.
      if (!(error instanceof CommandFailed)) throw error;
    }
  }
  await apt('update');
  return installAll();
}

await main(async () => {
  const { values } = parseArgs({ options: { for: { type: 'string' } } });
  if (values.for !== 'demo' && values.for !== 'test') {
    process.stderr.write('Usage: node scripts/system-packages.mjs --for demo|test\n');
    process.exitCode = 2;
    return;
  }
  const missing = (values.for === 'demo' ? forDemo : forTests).filter((requirement) => !isMet(requirement));
  if (missing.length === 0) return;
  const packages = missing.map((requirement) => requirement.package);
  const what = missing.map(({ program, file }) => program ?? file).join(', ');
  if (!isInstalled('apt-get')) {
    process.stderr.write(
      `Missing on this machine: ${what}.\nOn Debian they are in the packages ${packages.join(' ')}; install what your system calls them.\n`,
    );
    process.exitCode = 1;
    return;
  }
  const runAsRoot = await rootRunner();
  if (runAsRoot === undefined) {
    process.stderr.write(
      `Missing on this machine: ${what}.\nInstall them, then run this again:\n\n  sudo apt-get install --no-install-recommends ${packages.join(' ')}\n\n`,
    );
    process.exitCode = 1;
    return;
  }
  process.stderr.write(`Installing Debian packages: ${packages.join(' ')}\n`);
  await install(runAsRoot, packages);
});
