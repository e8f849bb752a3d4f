import { readFile } from 'node:fs/promises';

/** What may have to be installed. */
export type Need = 'qemu' | 'qemu-img' | 'ovmf' | 'bridge-helper';

interface PackageManager {
  readonly install: string;
  readonly packages: Readonly<Record<Need, string>>;
}

const DEBIAN: PackageManager = {
  install: 'apt-get install -y',
  packages: {
    qemu: 'qemu-system-x86',
    'qemu-img': 'qemu-utils',
    ovmf: 'ovmf',
    'bridge-helper': 'qemu-system-common',
  },
};

/** By `ID` and `ID_LIKE` of os-release. */
const MANAGERS: Readonly<Record<string, PackageManager>> = {
  debian: DEBIAN,
  ubuntu: DEBIAN,
  fedora: {
    install: 'dnf install -y',
    packages: {
      qemu: 'qemu-system-x86-core',
      'qemu-img': 'qemu-img',
      ovmf: 'edk2-ovmf',
      'bridge-helper': 'qemu-common',
    },
  },
  rhel: {
    install: 'dnf install -y',
    packages: {
      qemu: 'qemu-kvm-core',
      'qemu-img': 'qemu-img',
      ovmf: 'edk2-ovmf',
      'bridge-helper': 'qemu-kvm-common',
    },
  },
  arch: {
    install: 'pacman -S --needed',
    packages: {
      qemu: 'qemu-system-x86',
      'qemu-img': 'qemu-img',
      ovmf: 'edk2-ovmf',
      'bridge-helper': 'qemu-common',
    },
  },
  suse: {
    install: 'zypper install -y',
    packages: {
      qemu: 'qemu-x86',
      'qemu-img': 'qemu-tools',
      ovmf: 'qemu-ovmf-x86_64',
      'bridge-helper': 'qemu-tools',
    },
  },
  alpine: {
    install: 'apk add',
    packages: {
      qemu: 'qemu-system-x86_64',
      'qemu-img': 'qemu-img',
      ovmf: 'ovmf',
      'bridge-helper': 'qemu-bridge-helper',
    },
  },
};

/** The command that installs something here; Debian's where the distribution is not known. */
export async function installCommand(
  need: Need,
  { osRelease = '/etc/os-release', root = process.getuid?.() === 0 } = {},
): Promise<string> {
  const text = await readFile(osRelease, 'utf8').catch(() => '');
  const { install, packages } = managerFor(text);
  return `${root ? '' : 'sudo '}${install} ${packages[need]}`;
}

function managerFor(osRelease: string): PackageManager {
  const value = (key: string): string =>
    new RegExp(`^${key}=["']?([^"'\n]*)["']?$`, 'm').exec(osRelease)?.[1] ?? '';
  for (const id of [value('ID'), ...value('ID_LIKE').split(' ')]) {
    const manager = Object.hasOwn(MANAGERS, id) ? MANAGERS[id] : undefined;
    if (manager !== undefined) return manager;
  }
  return DEBIAN;
}
