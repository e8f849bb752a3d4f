import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { copyVariables, prepareConsoleLog } from '../../src/work-files.js';
import { createPluginHost } from '../support/plugin-host.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';

describe('the console log', () => {
  const directory = useTemporaryDirectory();
  const limits = { limit: 100, kept: 30 };
  const prepare = async (content?: string) => {
    const path = join(directory.path, 'console.log');
    if (content !== undefined) await writeFile(path, content);
    const start = await prepareConsoleLog(path, createPluginHost(directory.path).files, limits);
    return {
      text: await readFile(path, 'utf8'),
      older: await readFile(`${path}.1`, 'utf8').catch(() => undefined),
      start,
      mode: (await stat(path)).mode & 0o777,
    };
  };

  it('is made for its owner alone', async () => {
    expect(await prepare()).toEqual({ text: '', older: undefined, start: 0, mode: 0o600 });
  });

  it('is kept while it is small', async () => {
    expect((await prepare('line\n'.repeat(20))).text).toBe('line\n'.repeat(20));
  });

  it('begins anew when it has grown, and its last whole lines are kept beside it', async () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}\n`).join('');
    expect(await prepare(lines)).toEqual({
      text: '',
      older: 'line 27\nline 28\nline 29\n',
      start: 0,
      mode: 0o600,
    });
  });

  it('says where the next boot begins in it', async () => {
    expect((await prepare('line\n'.repeat(20))).start).toBe(100);
    expect((await prepare('line\n'.repeat(30))).start).toBe(0);
  });

  it('keeps nothing of the boots before the last long one', async () => {
    await prepare('old\n'.repeat(50));
    expect((await prepare('new\n'.repeat(50))).older).toBe('new\n'.repeat(7));
  });

  it('begins anew even when it has no lines', async () => {
    expect(await prepare('x'.repeat(500))).toMatchObject({ text: '', older: 'x'.repeat(30) });
  });

  it('is never shortened for somebody who has it open', async () => {
    const path = join(directory.path, 'console.log');
    await writeFile(path, 'line\n'.repeat(30));
    const reader = await open(path, 'r');
    try {
      await prepare();
      expect(await reader.readFile('utf8')).toBe('line\n'.repeat(30));
    } finally {
      await reader.close();
    }
  });
});

describe('the variables of the firmware', () => {
  const directory = useTemporaryDirectory();

  it('are copied once, and then the VM’s own', async () => {
    const { files } = createPluginHost(directory.path);
    const [template, own] = [join(directory.path, 'template'), join(directory.path, 'efivars.fd')];
    await writeFile(template, 'fresh', { mode: 0o444 });
    await copyVariables(template, own, files);
    expect((await stat(own)).mode & 0o777).toBe(0o600);
    await writeFile(own, 'written by the guest');
    await copyVariables(template, own, files);
    expect(await readFile(own, 'utf8')).toBe('written by the guest');
  });
});
