import { appendFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LogOptions } from '../../../src/operations/log.js';
import { DataDir } from '../../../src/state/data-dir.js';
import { lockVm } from '../../../src/state/vm-lock.js';
import { VmRegistry } from '../../../src/state/vm-registry.js';
import { useNoopLibrary } from '../../support/noop-library.js';
import { until } from '../../support/until.js';

describe('the log of a VM', () => {
  const library = useNoopLibrary();
  const fileOf = (name: string): string => join(library.stateFile('web'), '..', name);
  let stop: AbortController;
  const followers: Promise<void>[] = [];
  beforeEach(() => {
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await Promise.all(followers.splice(0));
  });

  async function createVm(...names: readonly string[]) {
    await library.write(Object.fromEntries((names.length === 0 ? ['web'] : names).map((name) => [name, ''])));
    const { vmctl } = library.open();
    await vmctl.up({ provision: false });
    return vmctl;
  }

  /** Reads to the end, in the background. */
  function follow(options: Partial<LogOptions> = {}) {
    const reader = { text: '', ended: false };
    const { vmctl } = library.open();
    const work = async (): Promise<void> => {
      const all = { name: 'web', logs: ['console'], follow: true, signal: stop.signal, ...options } as const;
      for await (const { bytes } of vmctl.log(all)) reader.text += Buffer.from(bytes).toString();
      reader.ended = true;
    };
    followers.push(work());
    return {
      reader,
      saw: (text: string) => until(`"${text}" in the log`, () => reader.text === text),
    };
  }

  async function read(options: Partial<LogOptions> = {}): Promise<string> {
    const { reader } = follow({ follow: false, ...options });
    await Promise.all(followers.splice(0));
    return reader.text;
  }

  it('is waited for when there is none yet, and begins with its first line', async () => {
    await createVm();
    const { saw } = follow();
    await writeFile(fileOf('console.log'), 'booting\n');
    await saw('booting\n');
  });

  it('goes on over a restart that keeps the file, one that cuts it, and one that puts another in its place', async () => {
    await createVm();
    const path = fileOf('console.log');
    await writeFile(path, 'boot 1\n');
    const { saw } = follow();
    await saw('boot 1\n');
    await appendFile(path, 'boot 2\n');
    await saw('boot 1\nboot 2\n');
    await truncate(path, 0);
    await appendFile(path, 'boot 3\n');
    await saw('boot 1\nboot 2\nboot 3\n');
    await writeFile(`${path}.new`, 'boot 4\n');
    await rename(`${path}.new`, path);
    await saw('boot 1\nboot 2\nboot 3\nboot 4\n');
  });

  it('is read to the end of the old file before the new one, when it is rotated', async () => {
    await createVm();
    const path = fileOf('console.log');
    await writeFile(path, 'one\n');
    const { saw } = follow();
    await saw('one\n');
    await appendFile(path, 'two\n');
    await rename(path, `${path}.1`);
    await writeFile(path, 'three\n');
    await saw('one\ntwo\nthree\n');
  });

  it('begins with what was rotated away', async () => {
    await createVm();
    await writeFile(fileOf('console.log.1'), '1\n2\n3\n');
    await writeFile(fileOf('console.log'), '4\n5\n');
    expect(await read()).toBe('1\n2\n3\n4\n5\n');
    for (const [lines, text] of [
      [0, ''],
      [1, '5\n'],
      [2, '4\n5\n'],
      [3, '3\n4\n5\n'],
      [9, '1\n2\n3\n4\n5\n'],
    ] as const) {
      expect({ lines, text: await read({ lines }) }).toEqual({ lines, text });
    }
  });

  it('ends when the VM is destroyed, with the last that was written', async () => {
    const vmctl = await createVm();
    await writeFile(fileOf('console.log'), 'running\n');
    const { reader, saw } = follow();
    await saw('running\n');
    await appendFile(fileOf('console.log'), 'last words\n');
    await vmctl.destroy({ names: ['web'] });
    await until('the end of the log', () => reader.ended);
    expect(stop.signal.aborted).toBe(false);
    expect(reader.text).toBe('running\nlast words\n');
  });

  it('does not end while a command makes the VM anew', async () => {
    const vmctl = await createVm('web', 'db', 'mail');
    await writeFile(fileOf('console.log'), 'first life\n');
    const { reader, saw } = follow();
    await saw('first life\n');
    const others = ['db', 'mail'].map((name) => follow({ name }).reader);
    const dataDir = new DataDir(join(library.root, '.local/share/vmctl'));
    const lock = await lockVm(dataDir, 'web', { purpose: 'vmctl reload', wait: true });
    await rm(dataDir.workDir('web'), { recursive: true });
    await new VmRegistry(dataDir).remove('web');
    // When it was noticed of two others, one after the other, that they are gone, it was looked for this one, too.
    for (const [index, name] of ['db', 'mail'].entries()) {
      await vmctl.destroy({ names: [name] });
      await until(`the end of the log of ${name}`, () => others[index]?.ended === true);
    }
    await lock.release();
    await vmctl.up({ provision: false });
    await writeFile(fileOf('console.log'), 'second life\n');
    await until('what follows', () => reader.ended || reader.text.includes('second'));
    expect(reader).toEqual({ text: 'first life\nsecond life\n', ended: false });
  });
});
