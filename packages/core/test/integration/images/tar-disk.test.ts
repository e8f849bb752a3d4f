import { randomBytes } from 'node:crypto';
import { mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findTarDisk } from '../../../src/images/tar-disk.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { run } from './disk-images.js';

const directory = useTemporaryDirectory();
const at = (name: string) => join(directory.path, name);

/** Makes files below `root`, packs them with tar, and gives the archive. */
async function archive(files: Readonly<Record<string, Uint8Array>>, ...options: string[]): Promise<Buffer> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(at(`root/${path}/..`), { recursive: true });
    await writeFile(at(`root/${path}`), content);
  }
  run('tar', '--create', '--file', at('layer.tar'), '--directory', at('root'), ...options, '.');
  return readFile(at('layer.tar'));
}

/** The bytes in chunks of that size; `ended` when they were read to the end. */
function stream(bytes: Uint8Array, chunk = 1000) {
  const state = { ended: false, closed: false };
  const source = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (let from = 0; from < bytes.length; from += chunk) yield bytes.subarray(from, from + chunk);
      state.ended = true;
    } finally {
      state.closed = true;
    }
  };
  return { source: source(), state };
}

async function collect(source: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const each of source ?? []) chunks.push(each);
  return Buffer.concat(chunks);
}

const disk = randomBytes(70_001);

describe('the disk in a layer', () => {
  it.each(['ustar', 'gnu', 'pax', 'v7'])('is found in an archive of the format %s', async (format) => {
    const bytes = await archive(
      { 'disk/noble.qcow2': disk, 'etc/x': randomBytes(700) },
      `--format=${format}`,
    );
    const { source, state } = stream(bytes);
    const found = await findTarDisk(source);
    expect(found).toMatchObject({ name: 'noble.qcow2', size: disk.length });
    expect((await collect(found?.body)).equals(disk)).toBe(true);
    // Or the digest of the layer could not be verified.
    expect(state).toEqual({ ended: true, closed: true });
  });

  it.each(['gnu', 'pax'])('may have a long name in the format %s', async (format) => {
    const name = `${'n'.repeat(180)}.img`;
    const found = await findTarDisk(
      stream(await archive({ [`disk/${name}`]: disk }, `--format=${format}`)).source,
    );
    expect(found?.name).toBe(name);
    expect((await collect(found?.body)).equals(disk)).toBe(true);
  });

  it('is neither a link nor a whiteout nor a file elsewhere', async () => {
    await mkdir(at('root/disk/deeper'), { recursive: true });
    await symlink('/etc/shadow', at('root/disk/link.img'));
    const bytes = await archive({
      'disk/.wh.old.img': Buffer.alloc(0),
      'disk/deeper/disk.img': disk,
      'disks/disk.img': disk,
    });
    const { source, state } = stream(bytes);
    expect(await findTarDisk(source)).toBeUndefined();
    expect(state).toEqual({ ended: true, closed: true });
  });

  it('has to be the only one', async () => {
    const found = await findTarDisk(stream(await archive({ 'disk/a.img': disk, 'disk/b.img': disk })).source);
    await expect(collect(found?.body)).rejects.toThrow('several files in /disk');
  });

  it('does not look whole when the archive is cut off', async () => {
    const bytes = await archive({ 'disk/a.img': disk });
    const found = await findTarDisk(stream(bytes.subarray(0, 40_000)).source);
    await expect(collect(found?.body)).rejects.toThrow('cut off');
  });

  it('is not looked for in something else than a tar archive', async () => {
    const { source, state } = stream(randomBytes(4096));
    await expect(findTarDisk(source)).rejects.toThrow('no usable tar archive');
    expect(state.closed).toBe(true);
  });

  it('is refused as a sparse file, of which the archive has only parts', async () => {
    await mkdir(at('root/disk'), { recursive: true });
    await writeFile(at('root/disk/a.img'), disk);
    await truncate(at('root/disk/a.img'), 8 * 1024 * 1024);
    for (const format of ['gnu', 'pax']) {
      const bytes = await archive({}, '--sparse', `--format=${format}`);
      await expect(findTarDisk(stream(bytes).source)).rejects.toThrow('sparse');
    }
  });

  it('closes the layer when its reader leaves', async () => {
    const { source, state } = stream(await archive({ 'disk/a.img': disk }));
    for await (const chunk of (await findTarDisk(source))?.body ?? []) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(state).toEqual({ ended: false, closed: true });
  });
});
