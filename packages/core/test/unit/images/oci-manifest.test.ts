import { describe, expect, it } from '@jest/globals';
import {
  chooseManifest,
  findDisk,
  type OciDescriptor,
  parseManifest,
} from '../../../src/images/oci-manifest.js';

const OCI_TAR = 'application/vnd.oci.image.layer.v1.tar';
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** A descriptor, told apart by the letter of its digest. */
function descriptor(letter: string, fields: Partial<OciDescriptor> = {}): OciDescriptor {
  return { mediaType: '', digest: digest(letter), size: 1, annotations: {}, platform: undefined, ...fields };
}

const titled = (letter: string, title: string, mediaType = OCI_TAR) =>
  descriptor(letter, { mediaType, annotations: { 'org.opencontainers.image.title': title } });
const platform = (letter: string, architecture: string, disktype?: string, os = 'linux') =>
  descriptor(letter, {
    platform: { os, architecture },
    annotations: disktype === undefined ? {} : { disktype },
  });

describe('a manifest', () => {
  it('is read, with what it says of its layers', () => {
    const layer = { mediaType: OCI_TAR, digest: digest('a'), size: 7, annotations: { a: 'b', c: 1 } };
    expect(parseManifest(bytes({ schemaVersion: 2, config: {}, layers: [layer] }))).toEqual({
      kind: 'manifest',
      layers: [descriptor('a', { mediaType: OCI_TAR, size: 7, annotations: { a: 'b' } })],
    });
  });

  it('may be an index of manifests for several platforms', () => {
    const entry = { digest: digest('a'), size: 7, platform: { os: 'linux', architecture: 'arm64' } };
    expect(parseManifest(bytes({ manifests: [entry] }))).toMatchObject({
      kind: 'index',
      manifests: [{ platform: { os: 'linux', architecture: 'arm64' } }],
    });
  });

  it.each([
    ['<html>'],
    [{}],
    [{ schemaVersion: 1, fsLayers: [] }],
    [{ layers: [1] }],
    [{ layers: [{ digest: 'sha256:../../x', size: 1 }] }],
    [{ layers: [{ digest: digest('a'), size: -1 }] }],
  ])('is refused when it is none or damaged: %j', (value) => {
    expect(() => parseManifest(bytes(value))).toThrow(
      expect.objectContaining({ code: 'VMCTL_IMAGE_INVALID' }),
    );
  });
});

describe('of several platforms', () => {
  it('that of the host is taken, however its name is spelt', () => {
    const all = [
      platform('a', 'arm64'),
      platform('b', 'amd64'),
      platform('c', 'unknown', undefined, 'unknown'),
    ];
    expect(chooseManifest(all, 'x64').digest).toBe(digest('b'));
    expect(chooseManifest(all, 'arm64').digest).toBe(digest('a'));
    expect(chooseManifest([platform('d', 'aarch64')], 'arm64').digest).toBe(digest('d'));
  });

  it('a disk for QEMU goes before a container image, and one for another hypervisor is never taken', () => {
    const hyperv = platform('a', 'x86_64', 'hyperv');
    const plain = platform('b', 'amd64');
    const qemu = platform('c', 'x86_64', 'qemu');
    expect(chooseManifest([hyperv, plain, qemu], 'x64').digest).toBe(digest('c'));
    expect(chooseManifest([hyperv, plain], 'x64').digest).toBe(digest('b'));
    expect(() => chooseManifest([hyperv], 'x64')).toThrow('has nothing for linux/amd64');
  });

  it('the ones that there are get named when none fits', () => {
    expect(() => chooseManifest([platform('a', 's390x'), platform('b', 'arm64')], 'x64')).toThrow(
      'there is: "linux/s390x", "linux/arm64"',
    );
  });
});

describe('the disk of an image', () => {
  it('is the one file of an artifact, even one that ORAS calls a layer', () => {
    for (const blob of [titled('a', 'disk.qcow2'), titled('a', 'x/noble.img.xz', 'application/zstd')]) {
      expect(findDisk([blob])).toEqual({
        kind: 'file',
        blob,
        fileName: expect.stringMatching(/^(disk|noble)/),
      });
    }
    const nameless = descriptor('b', { mediaType: 'application/x-qemu-disk' });
    expect(findDisk([nameless])).toEqual({ kind: 'file', blob: nameless, fileName: undefined });
  });

  it('is the file that is called like a disk among others', () => {
    const disk = titled('b', 'disk.raw.zst');
    expect(findDisk([titled('a', 'README.md'), disk, titled('c', 'SHA256SUMS')])).toMatchObject({
      blob: disk,
    });
  });

  it('is in one of the layers of a container image, of which the uppermost comes first', () => {
    const one = descriptor('a', { mediaType: `${OCI_TAR}+gzip` });
    const two = descriptor('b', { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' });
    const empty = descriptor('c', { mediaType: 'application/vnd.oci.empty.v1+json' });
    expect(findDisk([one, two, empty])).toEqual({ kind: 'layers', layers: [two, one] });
  });

  it('is not guessed', () => {
    expect(() => findDisk([])).toThrow('no layers');
    expect(() => findDisk([titled('a', 'a.qcow2'), titled('b', 'b.qcow2')])).toThrow('"a.qcow2", "b.qcow2"');
    const parts = ['a', 'b'].map((letter) =>
      descriptor(letter, { mediaType: 'application/vnd.example.disk.v2' }),
    );
    expect(() => findDisk(parts)).toThrow('which one is the disk cannot be told');
  });
});
