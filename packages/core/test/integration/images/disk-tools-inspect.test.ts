import { chmod, copyFile, mkdir, open, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VmctlError } from '../../../src/errors/vmctl-error.js';
import { createExec } from '../../../src/host/exec.js';
import { detectDiskFormat } from '../../../src/images/disk-format.js';
import { createDiskTools } from '../../../src/images/disk-tools.js';
import { ImageProblem } from '../../../src/images/image-problem.js';
import { qcow2Header } from '../../support/qcow2.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { makeQcow2, makeRawDisk, run } from './disk-images.js';

const directory = useTemporaryDirectory();
const disks = createDiskTools({ exec: createExec() });
const at = (name: string) => join(directory.path, name);
const MiB = 1024 * 1024;

const put = async (name: string, content: string | Uint8Array): Promise<string> => {
  await writeFile(at(name), content);
  return at(name);
};

/** A megabyte that starts with these bytes. */
const padded = (head: Uint8Array, offset = 0): Buffer => {
  const bytes = Buffer.alloc(MiB);
  bytes.set(head, offset);
  return bytes;
};

const refusal = async (path: string): Promise<VmctlError> => {
  try {
    await disks.inspect(path);
  } catch (error) {
    if (error instanceof VmctlError) return error;
    throw error;
  }
  throw new Error(`${path} was not refused`);
};

/** Root may read everything, so it becomes somebody else for as long as it takes. */
const asNobody = async <T>(work: () => Promise<T>): Promise<T> => {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.('nobody');
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
};

describe('a disk that can be used', () => {
  it.each([
    ['version 3', []],
    ['version 2', ['-o', 'compat=0.10']],
    ['small clusters', ['-o', 'cluster_size=512']],
    ['large clusters', ['-o', 'cluster_size=2M']],
    ['refcounts of one bit', ['-o', 'refcount_bits=1']],
    ['refcounts of 64 bits', ['-o', 'refcount_bits=64']],
    ['extended L2 tables', ['-o', 'extended_l2=on']],
    ['lazy refcounts', ['-o', 'lazy_refcounts=on']],
    ['zstd', ['-o', 'compression_type=zstd']],
    ['metadata laid out before', ['-o', 'preallocation=metadata']],
    ['everything laid out before', ['-o', 'preallocation=falloc']],
  ])('may be a qcow2 with %s', async (_what, options) => {
    makeQcow2(at('disk.qcow2'), '100M', ...options);
    expect(await disks.inspect(at('disk.qcow2'))).toEqual({ format: 'qcow2', virtualSize: 100 * MiB });
  });

  it('may be a compressed qcow2, whose last cluster is not padded', async () => {
    makeRawDisk(at('disk.raw'), 8 * MiB, 3 * MiB);
    run('qemu-img', 'convert', '-c', '-f', 'raw', '-O', 'qcow2', at('disk.raw'), at('disk.qcow2'));
    expect((await stat(at('disk.qcow2'))).size % 65_536).not.toBe(0);
    expect(await disks.inspect(at('disk.qcow2'))).toEqual({ format: 'qcow2', virtualSize: 8 * MiB });
  });

  it('may be a qcow2 with an internal snapshot', async () => {
    makeQcow2(at('disk.qcow2'), '10M');
    run('qemu-img', 'snapshot', '-c', 'one', at('disk.qcow2'));
    expect(await disks.inspect(at('disk.qcow2'))).toEqual({ format: 'qcow2', virtualSize: 10 * MiB });
  });

  it('may be a qcow2 with the name of a text file', async () => {
    makeQcow2(at('readme.txt'), '10M');
    expect((await disks.inspect(at('readme.txt'))).format).toBe('qcow2');
  });

  it.each<[string, Uint8Array, number]>([
    ['boot sector', Uint8Array.of(0x55, 0xaa), 510],
    ['GPT', Buffer.from('EFI PART'), 512],
    ['GPT on large sectors', Buffer.from('EFI PART'), 4096],
    ['ext4 file system', Uint8Array.of(0x53, 0xef), 1080],
    ['ISO 9660 file system', Buffer.from('CD001'), 32_769],
    ['LUKS header', Buffer.from('LUKS\xba\xbe', 'latin1'), 0],
  ])('may be raw with a %s', async (_what, magic, offset) => {
    const path = await put('disk.img', padded(magic, offset));
    expect(await disks.inspect(path)).toEqual({ format: 'raw', virtualSize: MiB });
  });

  it('may be raw with an incomplete last sector, which QEMU fills up', async () => {
    const path = await put('disk.img', padded(Uint8Array.of(0x55, 0xaa), 510).subarray(0, 100_001));
    expect(await disks.inspect(path)).toEqual({ format: 'raw', virtualSize: 100_352 });
  });

  it('may be reached by a symbolic link, and have an odd name', async () => {
    const name = 'nbd:json:{a},b=c "d" 100% größe.qcow2';
    makeQcow2(at('plain'), '10M');
    await copyFile(at('plain'), at(name));
    await symlink(at(name), at('link'));
    expect((await disks.inspect(at(name))).virtualSize).toBe(10 * MiB);
    expect((await disks.inspect(at('link'))).virtualSize).toBe(10 * MiB);
  });

  it('is inspected from its header alone where there is no qemu-img', async () => {
    makeQcow2(at('disk.qcow2'), '10M');
    const without = createDiskTools({ exec: createExec({ env: { PATH: directory.path } }) });
    expect(await without.inspect(at('disk.qcow2'))).toEqual({ format: 'qcow2', virtualSize: 10 * MiB });
  });
});

describe('a file that is no usable disk', () => {
  it('is reported when it is not there', async () => {
    expect(await refusal(at('nothing.img'))).toMatchObject({
      code: 'VMCTL_IMAGE_NOT_FOUND',
      message: `There is no image ${at('nothing.img')}.`,
    });
    await put('file', 'x');
    expect(await refusal(at('file/disk.img'))).toMatchObject({ code: 'VMCTL_IMAGE_NOT_FOUND' });
  });

  it('is refused when it is a directory, a socket or a FIFO', async () => {
    await mkdir(at('dir'));
    expect(await refusal(at('dir'))).toMatchObject({
      code: 'VMCTL_IMAGE_INVALID',
      message: expect.stringContaining('is a directory, not a disk image'),
    });
    run('mkfifo', at('fifo'));
    expect((await refusal(at('fifo'))).message).toContain('not a regular file');
    const server = createServer();
    await once(server.listen(at('socket')), 'listening');
    expect((await refusal(at('socket'))).message).toContain('not a regular file');
    server.close();
  });

  it('is refused when it may not be read', async () => {
    await chmod(await put('secret.img', padded(Uint8Array.of(0x55, 0xaa), 510)), 0);
    expect(await asNobody(() => refusal(at('secret.img')))).toMatchObject({
      code: 'VMCTL_NOT_READABLE',
      message: expect.stringContaining(at('secret.img')),
    });
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['empty', '', /is empty/],
    ['a text file', 'hello, world\n'.repeat(100), /is a text file, not a disk image/],
    ['a text file in UTF-8', 'größer als ☃\n'.repeat(1000), /is a text file/],
    ['an HTML page', '<!DOCTYPE html>\n<html><body>404</body></html>', /is an HTML page/],
    ['an HTML page after a comment', '<!-- x -->\n<HTML lang="en">', /is an HTML page/],
    ['zeros', new Uint8Array(MiB), /neither a boot sector nor a partition table/],
    ['a ZIP archive', padded(Buffer.from('PK\x03\x04')), /is a ZIP archive/],
    ['a tar archive', padded(Buffer.from('ustar'), 257), /is a tar archive/],
    ['packed with bzip2', padded(Buffer.from('BZh9')), /is a bzip2-compressed file/],
    ['packed with gzip', padded(Uint8Array.of(0x1f, 0x8b, 8)), /is compressed with gzip/],
    ['a program', padded(Buffer.from('\x7fELF')), /is a program/],
    ['one byte', Uint8Array.of(0), /is not a disk image/],
  ])('is refused when it is %s', async (_what, content, message) => {
    expect(await refusal(await put('disk.img', content))).toMatchObject({
      code: 'VMCTL_IMAGE_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['vmdk', 'VMDK'],
    ['vdi', 'VDI'],
    ['vhdx', 'VHDX'],
    ['vpc', 'VHD'],
    ['vpc', 'VHD', '-o', 'subformat=fixed'],
    ['qed', 'QED'],
    ['parallels', 'Parallels'],
    ['qcow', 'qcow image of version 1'],
    ['vmdk', 'VMDK', '-o', 'subformat=monolithicFlat'],
  ])('is refused when it is %s, with the command that converts it', async (format, name, ...options) => {
    makeRawDisk(at('disk.raw'), 4 * MiB);
    run('qemu-img', 'convert', '-f', 'raw', '-O', format, ...options, at('disk.raw'), at('my disk.img'));
    const error = await refusal(at('my disk.img'));
    expect(error).toMatchObject({ code: 'VMCTL_IMAGE_INVALID', message: expect.stringContaining(name) });
    expect(error.hint).toBe(
      `Convert it: qemu-img convert -f ${format} -O qcow2 '${at('my disk.img')}' 'my disk.qcow2'`,
    );
    run('qemu-img', 'convert', '-f', format, '-O', 'qcow2', at('my disk.img'), at('converted.qcow2'));
    expect((await disks.inspect(at('converted.qcow2'))).format).toBe('qcow2');
  });
});

describe('a qcow2 that cannot be trusted', () => {
  it('is refused when it stands on another file, whose name is shown safely', async () => {
    run(
      'qemu-img',
      'create',
      '-q',
      '-f',
      'qcow2',
      '-u',
      '-F',
      'raw',
      '-b',
      '/etc/\x1b[2Jshadow',
      at('evil'),
      '1G',
    );
    const error = await refusal(at('evil'));
    expect(error.code).toBe('VMCTL_IMAGE_BACKING_FILE');
    expect(error.message).toContain(String.raw`"/etc/\u001b[2Jshadow"`);
  });

  it('is refused when it keeps its data in another file', async () => {
    run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', `data_file=${at('data')}`, at('evil'), '1M');
    expect(await refusal(at('evil'))).toMatchObject({
      code: 'VMCTL_IMAGE_BACKING_FILE',
      message: expect.stringContaining('keeps its data in another file'),
    });
  });

  it('is refused when it is encrypted', async () => {
    makeQcow2(at('disk.qcow2'), '10M');
    const bytes = await readFile(at('disk.qcow2'));
    bytes.writeUInt32BE(2, 32);
    expect((await refusal(await put('disk.qcow2', bytes))).message).toContain('is an encrypted qcow2 image');
  });

  it.each([1, 7, 50, 103, 104, 512, 65_536, 70_000, 196_608, 262_144, 300_000, 1_000_000])(
    'is refused when it ends after %d bytes',
    async (length) => {
      makeQcow2(at('disk.qcow2'), '100M');
      expect((await stat(at('disk.qcow2'))).size).toBeGreaterThan(length);
      await truncate(at('disk.qcow2'), length);
      expect(await refusal(at('disk.qcow2'))).toMatchObject({ code: 'VMCTL_IMAGE_INVALID' });
    },
  );

  it.each([
    ['plain', []],
    ['with small clusters', ['-o', 'cluster_size=4k']],
    ['of version 2', ['-o', 'compat=0.10']],
    ['with refcounts of one bit', ['-o', 'refcount_bits=1,cluster_size=64k']],
    ['compressed', ['-c']],
  ])('is refused when its second half is missing: %s', async (_what, options) => {
    makeRawDisk(at('disk.raw'), 8 * MiB, 7 * MiB);
    run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', ...options, at('disk.raw'), at('disk.qcow2'));
    expect((await disks.inspect(at('disk.qcow2'))).virtualSize).toBe(8 * MiB);
    await truncate(at('disk.qcow2'), Math.floor((await stat(at('disk.qcow2'))).size / 2));
    expect((await refusal(at('disk.qcow2'))).message).toContain('is a truncated qcow2 image');
  });

  it('is refused by QEMU when it needs a feature that QEMU does not know', async () => {
    makeQcow2(at('disk.qcow2'), '10M');
    const bytes = await readFile(at('disk.qcow2'));
    bytes.writeBigUInt64BE(1n << 60n, 72);
    const error = await refusal(await put('disk.qcow2', bytes));
    expect(error).toMatchObject({ code: 'VMCTL_IMAGE_INVALID' });
    expect(error.cause).toMatchObject({ code: 'VMCTL_HOST_COMMAND_FAILED' });
  });

  it('is refused while a running program writes to it', async () => {
    makeQcow2(at('disk.qcow2'), '10M');
    const writer = spawn('qemu-io', ['-f', 'qcow2', at('disk.qcow2')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(writer.stdout, 'data'); // its prompt: the disk is open
    try {
      expect(await refusal(at('disk.qcow2'))).toMatchObject({ code: 'VMCTL_IMAGE_IN_USE' });
    } finally {
      writer.stdin.end('quit\n');
      await once(writer, 'exit');
    }
  });

  it('never makes the inspection fail in another way than with its own error, whatever its bytes', async () => {
    makeQcow2(at('small.qcow2'), '4M', '-o', 'cluster_size=512');
    const original = await readFile(at('small.qcow2'));
    const change = fc.tuple(fc.nat(4095), fc.uint8Array({ minLength: 1, maxLength: 8 }));
    const content = fc.oneof(
      fc
        .tuple(fc.array(change, { minLength: 1, maxLength: 5 }), fc.nat(original.length))
        .map(([changes, cut]) => {
          const bytes = Buffer.from(original);
          for (const [offset, data] of changes) bytes.set(data, offset);
          return cut % 2 === 0 ? bytes : bytes.subarray(0, cut);
        }),
      fc
        .tuple(fc.bigInt(0n, 2n ** 40n), fc.uint8Array({ maxLength: 2000 }))
        .map(([refcountOffset, rest]) =>
          Buffer.concat([
            qcow2Header({ refcountOffset: refcountOffset << 9n, clusterBits: 9, virtualSize: 512n }),
            rest,
          ]),
        ),
      fc.uint8Array({ maxLength: 5000 }),
    );
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        const path = await put('fuzz.img', bytes);
        const file = await open(path);
        try {
          const found = await detectDiskFormat(file, bytes.length);
          expect(found.virtualSize).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ImageProblem);
        } finally {
          await file.close();
        }
      }),
      { numRuns: 300 },
    );
  });
});
