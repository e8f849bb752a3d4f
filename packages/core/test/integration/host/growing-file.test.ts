import { appendFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { GrowingFile, onFileChange } from '../../../src/host/growing-file.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { until } from '../../support/until.js';

const directory = useTemporaryDirectory();
const pathOf = (name: string): string => join(directory.path, name);

async function read(file: GrowingFile): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of file.read()) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe('a growing file', () => {
  it('is empty until it is there, and is then read on from where the last reading ended', async () => {
    const file = new GrowingFile(pathOf('log'));
    expect(await read(file)).toBe('');
    await writeFile(file.path, 'one');
    expect(await read(file)).toBe('one');
    expect(await read(file)).toBe('');
    await appendFile(file.path, ' two');
    expect(await read(file)).toBe(' two');
  });

  it('is read from where it is told to begin, which is found once', async () => {
    await writeFile(pathOf('log'), 'old');
    const file = new GrowingFile(pathOf('log'), (_file, size) => size);
    expect(await file.locate()).toEqual({ size: 3 });
    await appendFile(file.path, 'new');
    expect(await file.locate()).toEqual({ size: 6 });
    expect(await read(file)).toBe('new');
    expect(file.position).toBe(6);
  });

  it('begins again when it was cut or replaced', async () => {
    await writeFile(pathOf('log'), 'a long first line');
    const file = new GrowingFile(pathOf('log'));
    await read(file);
    await truncate(file.path, 0);
    await appendFile(file.path, 'cut');
    expect(await read(file)).toBe('cut');
    await writeFile(pathOf('next'), 'a replaced file, longer than all before');
    await rename(pathOf('next'), file.path);
    expect(await read(file)).toBe('a replaced file, longer than all before');
  });

  it('keeps nobody who reads it while it grows', async () => {
    await writeFile(pathOf('log'), 'x');
    const file = new GrowingFile(pathOf('log'));
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
    for await (const piece of new GrowingFile(pathOf('log')).read()) pieces.push(piece);
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
