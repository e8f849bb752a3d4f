import { appendFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { VmctlEvent, VmctlEventBody } from '../../../src/events/events.js';
import { createLogger } from '../../../src/host/logger.js';
import { createProcessTable } from '../../../src/host/process-table.js';
import { DataDir } from '../../../src/state/data-dir.js';
import { EventJournal } from '../../../src/state/event-journal.js';
import { appendToJournal, journalFiles } from '../../../src/state/journal-file.js';
import { JournalReader } from '../../../src/state/journal-reader.js';
import { Child } from '../../support/child.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const processes = createProcessTable();
let dataDir: DataDir;
const readers: JournalReader[] = [];
beforeEach(async () => {
  dataDir = new DataDir(join(directory.path, 'vmctl'));
  await dataDir.open();
});
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.close();
});

const step = { index: 1, count: 1, name: 'setup', provisioner: 'shell' };
const at = (body: VmctlEventBody): VmctlEvent => ({ ...body, time: '2026-03-04T15:06:07.089Z' });
const started = (operation: string): VmctlEvent => at({ type: 'run.started', operation, vms: ['web'] });
const warning = (message: string): VmctlEvent =>
  at({ type: 'warning', vm: undefined, code: 'VMCTL_TEST', message });

function journal(): EventJournal {
  return new EventJournal({ dataDir, processes, log: createLogger('vmctl:test') });
}

async function open(history = true): Promise<JournalReader> {
  const reader = await JournalReader.open(dataDir, { history });
  readers.push(reader);
  return reader;
}

async function read(reader?: JournalReader): Promise<Record<string, unknown>[]> {
  const entries: Record<string, unknown>[] = [];
  for await (const entry of (reader ?? (await open())).read()) entries.push({ ...entry });
  return entries;
}

const text = (): Promise<string> => readFile(dataDir.eventsFile, 'utf8').catch(() => '');
const append = (line: string, limit?: number): Promise<void> =>
  appendToJournal(`${line}\n`, { dataDir, processes, limit });
const line = (name: string): string => JSON.stringify({ time: '2026-03-04T15:06:07Z', type: 'test', name });

describe('the journal of a process', () => {
  it('has every event of a run, in order, with who did it, for its owner alone', async () => {
    const written = journal();
    for (const event of [
      started('up'),
      at({ type: 'stage.started', vm: 'web', stage: 'resolve' }),
      at({ type: 'vm.finished', vm: 'web', outcome: 'up', durationMs: 5 }),
      at({ type: 'run.finished', operation: 'up', ok: true, durationMs: 6, vms: [] }),
    ]) {
      written.handle(event);
    }
    await written.settled();
    const source = { pid: process.pid, operation: 'up' };
    expect(await read()).toMatchObject([
      { type: 'run.started', time: '2026-03-04T15:06:07.089Z', vms: ['web'], source },
      { type: 'stage.started', vm: 'web', source },
      { type: 'vm.finished', outcome: 'up', source },
      { type: 'run.finished', ok: true, source },
    ]);
    expect((await stat(dataDir.eventsFile)).mode & 0o777).toBe(0o600);
  });

  it('has the beginning of the first run of all, which finds no data directory', async () => {
    await rm(dataDir.path, { recursive: true });
    const written = journal();
    written.handle(started('down'));
    await written.settled();
    expect(await read()).toMatchObject([{ type: 'run.started', source: { operation: 'down' } }]);
    expect((await stat(dataDir.path)).mode & 0o777).toBe(0o700);
  });

  it('is not touched by a process that runs nothing', async () => {
    const written = journal();
    written.handle(warning('a damaged vms.json'));
    await written.settled();
    expect(await readdir(dataDir.path)).not.toContain('events.jsonl');
  });

  it('has what came before the run that it was for', async () => {
    const written = journal();
    written.handle(at({ type: 'plugin.installing', name: 'acme', version: '1.0.0' }));
    written.handle(started('up'));
    await written.settled();
    expect(await read()).toMatchObject([
      { type: 'plugin.installing', source: { operation: 'up' } },
      { type: 'run.started' },
    ]);
  });

  it('has nothing of what steps print, and no progress', async () => {
    const written = journal();
    written.handle(started('up'));
    written.handle(at({ type: 'step.output', vm: 'web', step, stream: 'stdout', text: 'hunter2' }));
    written.handle(
      at({ type: 'progress', vm: 'web', task: 'download', subject: 'a', done: 1, total: undefined }),
    );
    await written.settled();
    expect((await read()).map(({ type }) => type)).toEqual(['run.started']);
    expect(await text()).not.toContain('hunter2');
  });

  it('has errors once and in short', async () => {
    const written = journal();
    const error = {
      code: 'VMCTL_TEST',
      message: 'x'.repeat(100_000),
      hint: 'try again',
      cause: { code: 'DEEPER', message: 'y' },
    };
    written.handle(started('up'));
    written.handle(at({ type: 'vm.finished', vm: 'web', outcome: 'failed', durationMs: 1, error }));
    const vms = [{ vm: 'web', outcome: 'failed', durationMs: 1, error }] as const;
    written.handle(at({ type: 'run.finished', operation: 'up', ok: false, durationMs: 1, vms }));
    await written.settled();
    expect((await text()).length).toBeLessThan(10_000);
    expect(await read()).toMatchObject([
      {},
      { error: { code: 'VMCTL_TEST', message: expect.stringMatching(/^x+$/), hint: 'try again' } },
      { vms: [{ vm: 'web', outcome: 'failed', durationMs: 1 }] },
    ]);
    expect(await text()).not.toContain('DEEPER');
  });

  it.each([
    ['is a directory', async () => mkdir(dataDir.eventsFile)],
    ['is on a full disk', async () => symlink('/dev/full', dataDir.eventsFile)],
    ['would be in a directory that is not there', async () => (dataDir = new DataDir('/nowhere/vmctl'))],
  ])('fails nobody when it %s', async (_, spoil) => {
    await spoil();
    const written = journal();
    expect(() => written.handle(started('up'))).not.toThrow();
    await expect(written.settled()).resolves.toBeUndefined();
  });

  it('is written again after the disk was full', async () => {
    await symlink('/dev/full', dataDir.eventsFile);
    const written = journal();
    written.handle(started('up'));
    await written.settled();
    await rename(dataDir.eventsFile, join(directory.path, 'full'));
    written.handle(warning('there is room'));
    await written.settled();
    expect(await read()).toMatchObject([{ message: 'there is room' }]);
  });
});

describe('the journal of several processes', () => {
  it('loses no line and mixes none, over its rotations, for a reader that follows', async () => {
    const reader = await open(false);
    const script = new URL('./journal-child.ts', import.meta.url);
    const names = ['a', 'b', 'c'];
    const children = names.map((name) => new Child(script, [dataDir.path, name, '120', '400000']));
    const seen: Record<string, unknown>[] = [];
    let running = true;
    const exits = Promise.all(
      children.map(async (child) => {
        const code = await child.exit();
        expect({ code, stderr: child.stderr }).toEqual({ code: 0, stderr: '' });
      }),
    ).finally(() => (running = false));
    while (running) {
      seen.push(...(await read(reader)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await exits;
    for (let times = 0; times < 3; times++) seen.push(...(await read(reader)));
    for (const name of names) {
      const indexes = seen.filter((entry) => entry['name'] === name).map(({ index }) => index);
      expect(indexes).toEqual(Array.from({ length: 120 }, (_, index) => index));
    }
    const sizes = await Promise.all(Object.values(journalFiles(dataDir)).map((path) => stat(path)));
    for (const { size } of sizes) expect(size).toBeLessThan(400_000 + 3 * 8000);
  });

  it('goes on after a line that was cut off, and loses nothing else', async () => {
    await append(line('one'));
    await appendFile(dataDir.eventsFile, line('killed').slice(0, 30));
    await append(line('two'));
    await append(line('three'));
    expect((await read()).map(({ name }) => name)).toEqual(['one', 'two', 'three']);
  });

  it('is kept in two parts, neither much larger than the limit', async () => {
    for (let index = 0; index < 30; index++) await append(line(`event-${index}`), 500);
    const { current, older } = journalFiles(dataDir);
    for (const path of [current, older]) {
      const { size, mode } = await stat(path);
      expect(size).toBeLessThan(600);
      expect(mode & 0o777).toBe(0o600);
    }
    expect((await readdir(dataDir.path)).filter((name) => name.startsWith('events'))).toHaveLength(2);
    const names = (await read()).map(({ name }) => name);
    expect(names.at(-1)).toBe('event-29');
    expect(names.length).toBeGreaterThan(6);
    expect(names).toEqual(
      Array.from({ length: names.length }, (_, index) => `event-${30 - names.length + index}`),
    );
  });
});

describe('a reader of the journal', () => {
  it('waits for a journal that is not there yet', async () => {
    const reader = await open(false);
    expect(await read(reader)).toEqual([]);
    await append(line('first'));
    expect(await read(reader)).toMatchObject([{ name: 'first' }]);
    expect(await read(reader)).toEqual([]);
  });

  it('begins with what comes, unless it is told otherwise', async () => {
    await append(line('old'));
    const [fresh, whole] = [await open(false), await open(true)];
    await append(line('new'));
    expect(await read(fresh)).toMatchObject([{ name: 'new' }]);
    expect(await read(whole)).toMatchObject([{ name: 'old' }, { name: 'new' }]);
  });

  it('gives a line when it is whole', async () => {
    const reader = await open();
    await writeFile(dataDir.eventsFile, line('only').slice(0, 20));
    expect(await read(reader)).toEqual([]);
    await appendFile(dataDir.eventsFile, `${line('only').slice(20)}\n`);
    expect(await read(reader)).toMatchObject([{ name: 'only' }]);
  });

  it('takes the last lines of a writer that had the file open when it was rotated', async () => {
    await append(line('one'));
    const reader = await open();
    await read(reader);
    const { current, older } = journalFiles(dataDir);
    await rename(current, older);
    await append(line('in the new one'));
    expect(await read(reader)).toEqual([]);
    await appendFile(older, `${line('late, in the old one')}\n`);
    expect(await read(reader)).toMatchObject([{ name: 'late, in the old one' }, { name: 'in the new one' }]);
  });

  it('misses nothing when two parts were begun since it last looked', async () => {
    await append(line('one'));
    const reader = await open();
    await read(reader);
    for (const name of ['two', 'three']) await append(line(name), 1);
    const seen = [...(await read(reader)), ...(await read(reader))];
    expect(seen.map(({ name }) => name)).toEqual(['two', 'three']);
  });

  it('passes over lines that were damaged', async () => {
    await append('{"type":"run.started","time":"2026-03-04T15:06:07Z"}');
    await append(line('sound'));
    expect(await read()).toMatchObject([{ name: 'sound' }]);
  });

  it('says what is in the way when it is a directory', async () => {
    await mkdir(dataDir.eventsFile);
    await expect(read()).rejects.toMatchObject({
      code: 'VMCTL_FILE_FAILED',
      message: expect.stringContaining(dataDir.eventsFile),
    });
  });
});
