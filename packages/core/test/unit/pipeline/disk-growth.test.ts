import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Hypervisor, VmHandle } from '../../../src/hypervisor/contract.js';
import { diskGrowth } from '../../../src/pipeline/disk-growth.js';
import { FakeHypervisor } from '../../../src/testing/fake-hypervisor.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const GIB = 2 ** 30;
const directory = useTemporaryDirectory();

const declared = {
  image: '/images/noble.img',
  disk_bytes: 20 * GIB,
  cloud_init: null,
  ssh_user: 'vm',
  ssh_private_key: null,
};

function growth(given: Partial<VmHandle>, diskBytes: number | undefined, backend?: Hypervisor) {
  // What else a handle has is not looked at.
  const handle = { backend: 'fake', disk_gb: null, ...given } as VmHandle;
  return diskGrowth(handle, { diskBytes }, { backend: async () => backend ?? new FakeHypervisor() });
}

/** A raw disk of so many bytes. */
async function image(bytes: number): Promise<string> {
  const disk = Buffer.alloc(bytes);
  disk.writeUInt16LE(0xaa55, 510);
  const path = join(directory.path, 'disk.img');
  await writeFile(path, disk);
  return path;
}

describe('the disk of an existing VM', () => {
  it('grows when the VMFile says more than it did', async () => {
    expect(await growth({ declared }, 20 * GIB + 1)).toBe(20 * GIB + 1);
    expect(await growth({ declared }, 20 * GIB)).toBeUndefined();
    expect(await growth({ declared }, 10 * GIB)).toBeUndefined();
    expect(await growth({ declared }, undefined)).toBeUndefined();
  });

  it('grows when it is as large as its image, and the VMFile says more than that', async () => {
    const path = await image(2 ** 20);
    const asImage = { declared: { ...declared, disk_bytes: null }, image_path: path };
    expect(await growth(asImage, 2 ** 20 + 512)).toBe(2 ** 20 + 512);
    expect(await growth(asImage, 2 ** 20)).toBeUndefined();
  });

  it('does not grow when nobody knows how large it is', async () => {
    const gone = { declared: { ...declared, disk_bytes: null }, image_path: join(directory.path, 'gone') };
    expect(await growth(gone, 40 * GIB)).toBeUndefined();
    expect(await growth({}, 40 * GIB)).toBeUndefined();
  });

  it('grows by what other tools and older versions know of it, which they have rounded', async () => {
    expect(await growth({ disk_gb: 1.5 }, 2 * GIB)).toBeUndefined();
    expect(await growth({ disk_gb: 2 }, 3 * GIB)).toBe(3 * GIB);
  });

  it('does not grow with a backend that cannot do it', async () => {
    const older = new FakeHypervisor({ supports: { growDisk: undefined } });
    expect(await growth({ declared }, 40 * GIB, older)).toBeUndefined();
  });
});
