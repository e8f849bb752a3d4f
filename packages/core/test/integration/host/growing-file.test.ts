import { appendFile, open, readdir, readlink, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { GrowingFile, onFileChange, type StartOf } from '../../../src/host/growing-file.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { until } from '../../support/until.js';

const directory = useTemporaryDirectory();
const pathOf = (name: string): string => join(directory.path, name);

const opened: GrowingFile[] = [];
afterEach(async () => {
  for (const file of opened.splice(0)) await file.close();
});

function growing(path: string, start?: StartOf): GrowingFile {
  const file = new GrowingFile(path, start);
  opened.push(file);
  return file;
}

async function read(file: GrowingFile): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of file.read()) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** What this process has open. */
async function openFiles(): Promise<string[]> {
  const names = await readdir('/proc/self/fd');
  return Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
}

describe('a growing file', () => {
  it('is empty until it is there, and is then read on from where the last reading ended', async () => {
    const file = growing(pathOf('log'));
    expect(await read(file)).toBe('');
    await writeFile(file.path, 'one');
    expect(await read(file)).toBe('one');
    expect(await read(file)).toBe('');
    await appendFile(file.path, ' two');
    expect(await read(file)).toBe(' two');
  });

  it('is read from where it is told to begin, which is found once', async () => {
    await writeFile(pathOf('log'), 'old');
    const file = growing(pathOf('log'), (_file, size) => size);
    expect(await file.locate()).toEqual({ size: 3 });
    await appendFile(file.path, 'new');
    expect(await file.locate()).toEqual({ size: 6 });
    expect(await read(file)).toBe('new');
    expect(file.position).toBe(6);
  });

  it('begins again when it was cut or replaced', async () => {
    await writeFile(pathOf('log'), 'a long first line');
    const file = growing(pathOf('log'));
    await read(file);
    await truncate(file.path, 0);
    await appendFile(file.path, 'cut');
    expect(await read(file)).toBe('cut');
    await writeFile(pathOf('next'), 'a replaced file, longer than all before');
    await rename(pathOf('next'), file.path);
    expect(await read(file)).toBe('a replaced file, longer than all before');
  });

  it('is read to its end after it was renamed, and then the new one of the name', async () => {
    await writeFile(pathOf('log'), 'one ');
    const file = growing(pathOf('log'));
    expect(await read(file)).toBe('one ');
    await appendFile(file.path, 'two ');
    await rename(file.path, pathOf('log.1'));
    await appendFile(pathOf('log.1'), 'three ');
    expect(await read(file)).toBe('two three ');
    await writeFile(file.path, 'four');
    expect(await read(file)).toBe('four');
  });

  it('is read to its end after it was replaced between two readings', async () => {
    await writeFile(pathOf('log'), 'one ');
    const file = growing(pathOf('log'));
    expect(await read(file)).toBe('one ');
    await appendFile(file.path, 'two ');
    await rename(file.path, pathOf('log.1'));
    await writeFile(file.path, 'three');
    expect(await read(file)).toBe('two three');
  });

  it('is read to its end after it was removed', async () => {
    const writer = await open(pathOf('log'), 'a');
    try {
      await writer.write('one ');
      const file = growing(pathOf('log'));
      expect(await read(file)).toBe('one ');
      await writer.write('two');
      await rm(file.path);
      expect(await read(file)).toBe('two');
      expect(await read(file)).toBe('');
    } finally {
      await writer.close();
    }
  });

  it('is not open any more after it was closed, and is read on all the same', async () => {
    await writeFile(pathOf('log'), 'one ');
    const file = growing(pathOf('log'));
    await read(file);
    expect(await openFiles()).toContain(file.path);
    await file.close();
    expect(await openFiles()).not.toContain(file.path);
    await appendFile(file.path, 'two');
    expect(await read(file)).toBe('two');
  });

  it('keeps nobody who reads it while it grows', async () => {
    await writeFile(pathOf('log'), 'x');
    const file = growing(pathOf('log'));
    let seen = '';
    for await (const piece of file.read()) {
      seen += Buffer.from(piece).toString();
      await appendFile(file.path, 'y');
    }
    expect(seen).toBe('x');
  });

  it('comes in blocks, whole and in order', async () => {
    const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
    await writeFile(pathOf('log'), content);
    const pieces: Uint8Array[] = [];
    for await (const piece of growing(pathOf('log')).read()) pieces.push(piece);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(64 * 1024);
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
  });
});

describe('a change of a file', () => {
  it('is told', async () => {
    await writeFile(pathOf('log'), '');
    let changes = 0;
    const end = onFileChange(pathOf('log'), () => (changes += 1));
    try {
      await appendFile(pathOf('log'), 'x');
      await until('a change', () => changes > 0);
    } finally {
      end();
    }
  });

  it('is not told of a file that is not there, which is no error', () => {
    expect(() => onFileChange(pathOf('none'), () => undefined)()).not.toThrow();
  });
});
