import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ProvisionInput } from '../../../src/provisioner/contract.js';
import { fingerprint } from '../../../src/provisioner/fingerprint.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

describe('the fingerprint of a step', () => {
  const directory = useTemporaryDirectory();
  const at = (...names: string[]): string => join(directory.path, 'site', ...names);
  const inputs = (): ProvisionInput[] => [{ kind: 'file', path: at() }];
  const print = (config: unknown = {}): Promise<string> =>
    fingerprint({ type: 'file', config, inputs: inputs() });

  beforeEach(async () => {
    await mkdir(at('css'), { recursive: true });
    await writeFile(at('index.html'), 'hello', { mode: 0o644 });
    await writeFile(at('css', 'site.css'), 'body {}', { mode: 0o644 });
    await symlink('index.html', at('home.html'));
  });

  it('stays the same while nothing changes, and when only times do', async () => {
    const before = await print({ a: 1, b: 2 });
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    await utimes(at('index.html'), 1, 1);
    expect(await print({ b: 2, a: 1 })).toBe(before);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the content of a file', () => writeFile(at('index.html'), 'hullo')],
    ['the mode of a file', () => chmod(at('index.html'), 0o755)],
    ['the mode of a directory', () => chmod(at('css'), 0o700)],
    ['the name of a file', () => rename(at('index.html'), at('index.htm'))],
    ['the place of a file', () => rename(at('css', 'site.css'), at('site.css'))],
    ['a new file', () => writeFile(at('new'), '')],
    ['a new empty directory', () => mkdir(at('new'))],
    ['a removed file', () => rm(at('css', 'site.css'))],
    [
      'the target of a link',
      async () => {
        await rm(at('home.html'));
        await symlink('css', at('home.html'));
      },
    ],
    [
      'a file in the place of a link',
      async () => {
        await rm(at('home.html'));
        await writeFile(at('home.html'), 'index.html');
      },
    ],
  ])('changes with %s', async (_, change) => {
    const before = await print();
    await change();
    expect(await print()).not.toBe(before);
  });

  it('changes with the type, the configuration, and values', async () => {
    const base = { type: 'shell', config: { inline: 'true' }, inputs: [] };
    const value = (name: string, text: string): ProvisionInput => ({ kind: 'value', name, value: text });
    const prints = await Promise.all(
      [
        base,
        { ...base, type: 'file' },
        { ...base, config: { inline: 'false' } },
        { ...base, inputs: [value('a', 'bc')] },
        { ...base, inputs: [value('ab', 'c')] },
      ].map((subject) => fingerprint(subject)),
    );
    expect(new Set(prints).size).toBe(prints.length);
  });

  it('follows a link that is an input itself', async () => {
    await symlink(at('index.html'), join(directory.path, 'link'));
    const link = await fingerprint({
      type: 'file',
      config: {},
      inputs: [{ kind: 'file', path: join(directory.path, 'link') }],
    });
    const file = await fingerprint({
      type: 'file',
      config: {},
      inputs: [{ kind: 'file', path: at('index.html') }],
    });
    expect(link).toBe(file);
  });

  it('does not wait for a pipe in a directory', async () => {
    const before = await print();
    execFileSync('mkfifo', [at('pipe')]);
    expect(await print()).not.toBe(before);
  });

  it('says which input is missing', async () => {
    await rm(at(), { recursive: true });
    await expect(print()).rejects.toMatchObject({
      code: 'VMCTL_FILE_NOT_FOUND',
      message: expect.stringContaining(at()),
    });
  });

  it('stops on an abort', async () => {
    const reason = new Error('enough');
    const subject = { type: 'file', config: {}, inputs: inputs() };
    await expect(fingerprint(subject, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
