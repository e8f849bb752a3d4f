/** Debian's packages of the programs that vmctl and its plugins run; the program's name leads to the package. */
export const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  'ansible-galaxy': 'ansible-core',
  'ansible-playbook': 'ansible-core',
  'cloud-init': 'cloud-init',
  genisoimage: 'genisoimage',
  ip: 'iproute2',
  ps: 'procps',
  'qemu-img': 'qemu-utils',
  'qemu-nbd': 'qemu-utils',
  'qemu-system-aarch64': 'qemu-system-arm',
  'qemu-system-x86_64': 'qemu-system-x86',
  scp: 'openssh-client',
  sftp: 'openssh-client',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  'ssh-keyscan': 'openssh-client',
  swtpm: 'swtpm',
  tar: 'tar',
  virtiofsd: 'virtiofsd',
  xorriso: 'xorriso',
  xz: 'xz-utils',
  zstd: 'zstd',
};

/**
 * How to get a program that is missing.
 *
 * @param packages - packages by program, in addition to {@link DEBIAN_PACKAGES}
 */
export function installHint(
  program: string,
  packages: Readonly<Record<string, string>> = {},
  platform: NodeJS.Platform = process.platform,
): string {
  const name = program.slice(program.lastIndexOf('/') + 1);
  const lookUp = (names: Readonly<Record<string, string>>) =>
    Object.hasOwn(names, name) ? names[name] : undefined;
  const wanted = lookUp(packages) ?? lookUp(DEBIAN_PACKAGES);
  if (platform === 'linux' && wanted !== undefined) {
    return `Install it: sudo apt-get install ${wanted} (Debian and Ubuntu; other systems may name the package differently).`;
  }
  return `Install the program "${name}", and make sure that it is in a directory of PATH.`;
}
