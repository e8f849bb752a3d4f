import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ProvisionLog } from '../../../src/provisioner/provision-log.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

describe('provision.log', () => {
  const directory = useTemporaryDirectory();
  const open = (options: { maxSize?: number; keptSize?: number; problems?: Error[] } = {}) =>
    ProvisionLog.open({
      path: join(directory.path, 'provision.log'),
      onProblem: (error) => options.problems?.push(error),
      maxSize: options.maxSize,
      keptSize: options.keptSize,
    });
  const content = () => readFile(join(directory.path, 'provision.log'), 'utf8');

  it('is appended to, in order', async () => {
    for (const run of ['first', 'second']) {
      const log = await open();
      for (let line = 0; line < 50; line++) void log.write(`${run} ${line}\n`);
      await log.close();
      await log.close();
    }
    const lines = (run: string): string =>
      Array.from({ length: 50 }, (_, line) => `${run} ${line}\n`).join('');
    expect(await content()).toBe(lines('first') + lines('second'));
  });

  it('is readable for its owner alone, even when it was there with other permissions', async () => {
    const path = join(directory.path, 'provision.log');
    await writeFile(path, 'old\n', { mode: 0o644 });
    const log = await open();
    await log.close();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('asks writers to wait when more comes than the disk takes', async () => {
    const log = await open();
    const block = 'x'.repeat(300 * 1024);
    const waits = Array.from({ length: 6 }, () => log.write(block));
    expect(waits.map((wait) => wait !== undefined)).toContain(true);
    await waits.at(-1);
    expect((await stat(log.path)).size).toBe(6 * block.length);
    await log.close();
  });

  it('begins anew when it has become large, and keeps its newest part beside it, from a whole line on', async () => {
    const path = join(directory.path, 'provision.log');
    await writeFile(path, Array.from({ length: 1000 }, (_, line) => `line ${line}\n`).join(''), {
      mode: 0o600,
    });
    const { size } = await stat(path);
    const log = await open({ maxSize: size - 1, keptSize: 100 });
    void log.write('new\n');
    await log.close();
    expect(await content()).toBe('new\n');
    const lines = (await readFile(`${path}.1`, 'utf8')).split('\n');
    expect(lines[0]).toMatch(/^\[vmctl: the oldest \d+ bytes of this log were left out here\]$/);
    expect(lines[1]).toMatch(/^line 98\d$/);
    expect(lines.slice(-3)).toEqual(['line 998', 'line 999', '']);
    expect((await readdir(directory.path)).toSorted()).toEqual(['provision.log', 'provision.log.1']);
    for (const each of [path, `${path}.1`]) expect((await stat(each)).mode & 0o777).toBe(0o600);
  });

  it('tells once when it cannot be written, and lets the work go on', async () => {
    await mkdir(join(directory.path, 'provision.log'));
    const problems: Error[] = [];
    const log = await open({ problems });
    expect(log.usable).toBe(false);
    expect(log.write('text')).toBeUndefined();
    await log.close();
    expect(problems).toMatchObject([{ code: 'VMCTL_FILE_FAILED' }]);
  });

  it('tells that the disk is full, and keeps nobody waiting', async () => {
    const problems: Error[] = [];
    const log = await ProvisionLog.open({ path: '/dev/full', onProblem: (error) => problems.push(error) });
    await log.write('x'.repeat(2 * 1024 * 1024));
    expect(log.write('more')).toBeUndefined();
    await log.close();
    expect(problems).toMatchObject([{ code: 'VMCTL_DISK_FULL' }]);
  });
});
