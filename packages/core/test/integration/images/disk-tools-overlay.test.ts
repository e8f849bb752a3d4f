import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createExec } from '../../../src/host/exec.js';
import type { DiskFormat } from '../../../src/images/contract.js';
import { createDiskTools } from '../../../src/images/disk-tools.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { makeQcow2, makeRawDisk, run } from './disk-images.js';
import { useTmpfs } from './tmpfs.js';

const directory = useTemporaryDirectory();
const disks = createDiskTools({ exec: createExec() });
const at = (name: string) => join(directory.path, name);
const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

const digest = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

const makeBase = async (name = 'base.img', format: DiskFormat = 'qcow2') => {
  if (format === 'qcow2') makeQcow2(at(name), '64M');
  else makeRawDisk(at(name), 64 * MiB);
  return { path: at(name), ...(await disks.inspect(at(name))) };
};

const info = (path: string): Record<string, unknown> =>
  JSON.parse(run('qemu-img', 'info', '--output=json', '-f', 'qcow2', path)) as Record<string, unknown>;

describe('an overlay', () => {
  it.each<DiskFormat>(['qcow2', 'raw'])('stands on a %s base with its format explicit', async (format) => {
    const base = await makeBase('base.img', format);
    expect(await disks.createOverlay({ base, overlayPath: at('overlay.qcow2') })).toEqual({
      virtualSize: 64 * MiB,
    });
    expect(info(at('overlay.qcow2'))).toMatchObject({
      format: 'qcow2',
      'virtual-size': 64 * MiB,
      'backing-filename': at('base.img'),
      'backing-filename-format': format,
    });
    expect((await readdir(directory.path)).sort()).toEqual(['base.img', 'overlay.qcow2']);
  });

  it.each([
    [20 * GiB, 20 * GiB],
    [64 * MiB, 64 * MiB],
    [64 * MiB + 1, 64 * MiB + 512],
  ])('of %d bytes has %d', async (sizeBytes, expected) => {
    const base = await makeBase();
    const made = await disks.createOverlay({ base, overlayPath: at('overlay.qcow2'), sizeBytes });
    expect(made).toEqual({ virtualSize: expected });
    expect(info(at('overlay.qcow2'))).toMatchObject({ 'virtual-size': expected });
  });

  it.each<DiskFormat>(['qcow2', 'raw'])('takes all writes, and the %s base none', async (format) => {
    const base = await makeBase('base.img', format);
    await chmod(base.path, 0o400);
    const before = await digest(base.path);
    await disks.createOverlay({ base, overlayPath: at('overlay.qcow2'), sizeBytes: 128 * MiB });
    run(
      'qemu-io',
      '-f',
      'qcow2',
      ...['write -P 0x11 0 2M', 'write -P 0x22 100M 1M', 'discard 4M 4M', 'flush'].flatMap((each) => [
        '-c',
        each,
      ]),
      at('overlay.qcow2'),
    );
    expect(run('qemu-io', '-f', 'qcow2', '-c', 'read -P 0x11 0 2M', at('overlay.qcow2'))).toContain(
      'read 2097152/',
    );
    expect(await digest(base.path)).toBe(before);
  });

  it('is refused when it would be smaller than the image, with both sizes', async () => {
    const base = await makeBase();
    await expect(
      disks.createOverlay({ base, overlayPath: at('overlay.qcow2'), sizeBytes: 32 * MiB }),
    ).rejects.toMatchObject({
      code: 'VMCTL_DISK_TOO_SMALL',
      message: expect.stringMatching(/32 MiB.*base\.img has 64 MiB/),
      details: { diskBytes: 32 * MiB, imageBytes: 64 * MiB },
    });
    expect(await readdir(directory.path)).toEqual(['base.img']);
  });

  it('never replaces a disk that is there', async () => {
    const base = await makeBase();
    await writeFile(at('overlay.qcow2'), 'precious');
    await expect(disks.createOverlay({ base, overlayPath: at('overlay.qcow2') })).rejects.toMatchObject({
      code: 'VMCTL_DISK_EXISTS',
    });
    expect(await readFile(at('overlay.qcow2'), 'utf8')).toBe('precious');
  });

  it.each([
    'with space',
    'nbd:localhost:10809',
    'json:{"driver":"file"}',
    'a,b=c,,d',
    'größe ☃',
    '-o',
    'it\'s "quoted" $HOME `id` %s',
    'new\nline',
    'fat:rw:x',
  ])('works in a directory named %j', async (name) => {
    await mkdir(at(name));
    const base = await makeBase(join(name, `${name}.img`));
    await disks.createOverlay({ base, overlayPath: at(join(name, `${name}.qcow2`)), sizeBytes: GiB });
    expect((await stat(at(join(name, `${name}.qcow2`)))).size).toBeGreaterThan(0);
    // Reading through it shows that QEMU finds the base by that name.
    const read = run('qemu-io', '-f', 'qcow2', '-c', 'read -P 0x5a 0 1M', at(join(name, `${name}.qcow2`)));
    expect(read).toContain('read 1048576/');
    expect(read).not.toContain('failed');
  });

  it('leaves nothing behind when qemu-img fails', async () => {
    const base = { path: at('gone.img'), format: 'qcow2' as const, virtualSize: MiB };
    await writeFile(at('gone.img'), 'not a qcow2 any more');
    await expect(disks.createOverlay({ base, overlayPath: at('overlay.qcow2') })).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_FAILED',
    });
    expect(await readdir(directory.path)).toEqual(['gone.img']);
  });

  it('leaves nothing behind when it is aborted, before and after qemu-img has run', async () => {
    const base = await makeBase();
    const reason = new Error('enough');
    await expect(
      disks.createOverlay({ base, overlayPath: at('overlay.qcow2'), signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);

    const abort = new AbortController();
    const exec = createExec();
    const slow = createDiskTools({
      exec: async (...command) => {
        const result = await exec(...command);
        expect(await readdir(directory.path)).toHaveLength(2);
        abort.abort(reason);
        return result;
      },
    });
    await expect(
      slow.createOverlay({ base, overlayPath: at('overlay.qcow2'), signal: abort.signal }),
    ).rejects.toBe(reason);
    expect(await readdir(directory.path)).toEqual(['base.img']);
  });

  it('is not made without qemu-img, and the package is named', async () => {
    const base = await makeBase();
    const without = createDiskTools({ exec: createExec({ env: { PATH: directory.path } }) });
    await expect(without.createOverlay({ base, overlayPath: at('overlay.qcow2') })).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_MISSING',
      hint: expect.stringContaining('qemu-utils'),
    });
  });

  it('is not made in a directory that is missing', async () => {
    const base = await makeBase();
    await expect(
      disks.createOverlay({ base, overlayPath: at('missing/overlay.qcow2') }),
    ).rejects.toMatchObject({ code: 'VMCTL_HOST_COMMAND_FAILED' });
  });
});

describe('an overlay on a full disk', () => {
  const tmpfs = useTmpfs('128k');
  tmpfs.it('is not made, leaves nothing behind, and the message says so', async () => {
    const base = await makeBase();
    await writeFile(join(tmpfs.path, 'filler'), Buffer.alloc(120 * 1024));
    await expect(
      disks.createOverlay({ base, overlayPath: join(tmpfs.path, 'overlay.qcow2') }),
    ).rejects.toMatchObject({ code: 'VMCTL_DISK_FULL' });
    expect(await readdir(tmpfs.path)).toEqual(['filler']);
  });
});
