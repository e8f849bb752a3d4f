import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { installCommand } from '../../src/packages.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';

describe('installCommand', () => {
  const directory = useTemporaryDirectory();
  const command = async (text: string, root = false): Promise<string> => {
    const osRelease = join(directory.path, 'os-release');
    await writeFile(osRelease, text);
    return installCommand('qemu', { osRelease, root });
  };

  it.each([
    ['ID=debian', 'sudo apt-get install -y qemu-system-x86'],
    ['NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"', 'sudo apt-get install -y qemu-system-x86'],
    ['ID=fedora', 'sudo dnf install -y qemu-system-x86-core'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"', 'sudo dnf install -y qemu-kvm-core'],
    ['ID=arch', 'sudo pacman -S --needed qemu-system-x86'],
    ['ID="opensuse-leap"\nID_LIKE="suse opensuse"', 'sudo zypper install -y qemu-x86'],
    ['ID=alpine', 'sudo apk add qemu-system-x86_64'],
    ['ID=constructor', 'sudo apt-get install -y qemu-system-x86'],
    ['', 'sudo apt-get install -y qemu-system-x86'],
  ])('for %j is %s', async (text, expected) => {
    expect(await command(text)).toBe(expected);
  });

  it('needs no sudo for root', async () => {
    expect(await command('ID=debian', true)).toBe('apt-get install -y qemu-system-x86');
  });
});
