import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { formatVmFile } from '../../../src/vmfile/format-vmfile.js';
import { debianImage, newVmFile, type NewVmFile } from '../../../src/vmfile/new-vmfile.js';
import { parse } from '../../support/vmfile.js';

const platforms = ['linux', 'sunos', 'darwin'] as const;

const simple = (platform: NodeJS.Platform = 'linux'): NewVmFile => ({
  name: 'web',
  imageUrl: debianImage(platform),
  platform,
});

/** Takes the `// ` away from settings that are commented out; what explains has more words before its first sign. */
const uncommented = (text: string): string =>
  text.replaceAll(/^( *)\/\/ ((?:disk|firmware|forward|ssh|provision|    \w+) .*|\})$/gm, '$1$2');

describe('a new VMFile', () => {
  it.each(platforms)('is valid and formatted on %s', async (platform) => {
    const text = newVmFile(simple(platform));
    expect((await parse(text)).vms).toMatchObject([{ name: 'web', vcpus: 2, memoryMb: 2048 }]);
    expect(await formatVmFile(text, 'VMFile.kdl')).toBe(text);
  });

  it.each(platforms)(
    'stays valid and formatted when its comments become settings, on %s',
    async (platform) => {
      const text = uncommented(newVmFile(simple(platform)));
      const [vm] = (await parse(text)).vms;
      expect(vm).toMatchObject({
        diskBytes: 20 * 1024 ** 3,
        firmware: 'uefi',
        ssh: { user: 'me', timeoutSeconds: 300 },
      });
      expect(vm?.provision.map(({ name }) => name)).toEqual(['packages', 'site']);
      if (platform !== 'sunos') expect(vm?.forwards).toMatchObject([{ host: 8080, guest: 80 }]);
      expect(await formatVmFile(text, 'VMFile.kdl')).toBe(text);
    },
  );

  it('has the network and the disk format of its platform', () => {
    expect(newVmFile(simple('linux'))).toContain('network "user" {');
    expect(newVmFile(simple('linux'))).toContain('generic-amd64.qcow2"');
    expect(newVmFile(simple('sunos'))).toContain('    network "vnic"\n');
    expect(newVmFile(simple('sunos'))).toContain('generic-amd64.raw"');
  });

  it('says what it was told', async () => {
    const text = newVmFile({
      ...{ name: 'my_db', hostname: 'my-db', image: 'images/db.qcow2', vcpus: 8, platform: 'linux' },
      ...{ memory: '4GiB', disk: '40', backend: 'qemu' },
    });
    expect((await parse(text)).vms).toMatchObject([
      {
        ...{ name: 'my_db', vcpus: 8, memoryMb: 4096, diskBytes: 40 * 1024 ** 3, backend: 'qemu' },
        image: { kind: 'path', path: '/project/images/db.qcow2' },
        cloudInit: { hostname: 'my-db' },
      },
    ]);
  });

  it('has a digest behind the URL', async () => {
    const sha256 = 'ab'.repeat(32);
    const { vms } = await parse(newVmFile({ ...simple(), sha256 }));
    expect(vms).toMatchObject([{ image: { kind: 'url', url: debianImage('linux'), sha256 } }]);
  });

  it('holds any path', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (name) => {
        const image = `/${name.replaceAll(/[/\0]/g, '')}x`;
        const [vm] = (await parse(newVmFile({ name: 'web', image, platform: 'linux' }))).vms;
        expect(vm?.image).toEqual({ kind: 'path', path: image });
      }),
      { numRuns: 200 },
    );
  });
});
