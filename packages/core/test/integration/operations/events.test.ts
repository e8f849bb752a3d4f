import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventsOptions, ObservedEvent } from '../../../src/operations/events.js';
import { useNoopLibrary } from '../../support/noop-library.js';
import { until } from '../../support/until.js';

describe('the events of all commands', () => {
  const library = useNoopLibrary();
  let stop: AbortController;
  const followers: Promise<void>[] = [];
  beforeEach(() => {
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await Promise.all(followers.splice(0));
  });

  /** Reads in the background, until the test is over. From the beginning: it may be a moment until it reads. */
  function follow(options: EventsOptions = {}): ObservedEvent[] {
    const events: ObservedEvent[] = [];
    const work = async (): Promise<void> => {
      const { vmctl } = library.open();
      for await (const event of vmctl.events({ signal: stop.signal, since: new Date(0), ...options }))
        events.push(event);
    };
    followers.push(work());
    return events;
  }

  async function past(options: EventsOptions = {}): Promise<ObservedEvent[]> {
    const events: ObservedEvent[] = [];
    for await (const event of library.open().vmctl.events({ follow: false, ...options })) events.push(event);
    return events;
  }

  const outcomes = (events: readonly ObservedEvent[]): string[] =>
    events.flatMap((event) => (event.type === 'vm.finished' ? `${event.vm} ${event.outcome}` : []));
  const changes = (events: readonly ObservedEvent[]): string[] =>
    events.flatMap((event) =>
      event.type === 'vm.changed' ? `${event.vm} ${event.from ?? 'none'} -> ${event.to}` : [],
    );

  it('come as they happen, whichever process makes them', async () => {
    await library.write({ web: '' });
    const events = follow();
    await library.open().vmctl.up();
    await library.open().vmctl.stop({ names: ['web'] });
    await until('both outcomes', () => outcomes(events).length === 2);
    expect(outcomes(events)).toEqual(['web up', 'web stopped']);
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['run.started', 'stage.finished']));
    expect(events[0]).toMatchObject({
      type: 'run.started',
      source: { pid: process.pid, operation: 'up' },
      time: expect.stringMatching(/^\d{4}-/),
    });
  });

  it('are not those of a wait, which makes nothing happen, but who waits is shown them', async () => {
    await library.write({ web: '' });
    await library.open().vmctl.up();
    const before = await past();
    const { vmctl, events } = library.open();
    expect(await vmctl.wait({ names: ['web'], for: 'running' })).toMatchObject({ ok: true });
    expect(events.map(({ type }) => type)).toEqual([
      'run.started',
      'vm.started',
      'vm.finished',
      'run.finished',
    ]);
    expect(await vmctl.wait({ names: ['web'], for: 'ready', timeoutMs: 0 })).toMatchObject({
      vms: [{ vm: 'web' }],
    });
    expect(events.filter(({ type }) => type.startsWith('stage.'))).toHaveLength(2);
    expect(await past()).toEqual(before);
  });

  it('are those of some VMs when they are named, one that does not exist yet as well', async () => {
    await library.write({ web: '', db: '' });
    const { vmctl, events: warnings } = library.open();
    const events: ObservedEvent[] = [];
    followers.push(
      (async () => {
        const options = { names: ['db'], since: new Date(0), signal: stop.signal };
        for await (const event of vmctl.events(options)) events.push(event);
      })(),
    );
    await until('the warning', () => warnings.length > 0);
    expect(warnings).toMatchObject([{ code: 'VMCTL_VM_UNKNOWN', message: expect.stringContaining('"db"') }]);
    await library.open().vmctl.up();
    await until('the outcome', () => events.some(({ type }) => type === 'run.finished'));
    expect(outcomes(events)).toEqual(['db up']);
    expect(events.filter((event) => 'vm' in event && event.vm !== 'db')).toEqual([]);
  });

  it('can be read afterwards, all or since some moment', async () => {
    await library.write({ web: '' });
    await library.open().vmctl.up();
    const since = new Date();
    // The clock has milliseconds.
    await until('the clock to go on', () => Date.now() > since.getTime());
    await library.open().vmctl.suspend({ names: ['web'] });
    expect(outcomes(await past())).toEqual(['web up', 'web suspended']);
    expect(outcomes(await past({ since: new Date(since.getTime() + 1) }))).toEqual(['web suspended']);
  });

  it('are not touched by who only looks', async () => {
    await library.write({ web: '' });
    await library.open().vmctl.list();
    await library.open().vmctl.status();
    expect(await past()).toEqual([]);
  });

  it('include what happens without a command, and it alone as that', async () => {
    await library.write({ web: '', db: '' });
    const events = follow();
    await library.open().vmctl.up();
    await until('the VMs to be up', () => outcomes(events).length === 2);
    await library.open().vmctl.restart({ names: ['web'] });
    await library.open().vmctl.suspend({ names: ['db'] });
    await until('the commands to be seen', () => outcomes(events).length === 4);
    // As when the guest powers itself off.
    await writeFile(library.stateFile('web'), 'stopped\n');
    await until('the change', () => changes(events).length > 0);
    await library.open().vmctl.start({ names: ['web'] });
    await writeFile(library.stateFile('db'), 'running\n');
    await until('the other change', () => changes(events).length > 1);
    expect(changes(events)).toEqual(['web running -> stopped', 'db suspended -> running']);
  });

  it('include a VM that is removed behind its back', async () => {
    await library.write({ web: '' });
    const { vmctl } = library.open();
    const events = follow();
    await vmctl.up();
    await until('the outcome', () => outcomes(events).length === 1);
    await rm(join(library.root, '.local/share/vmctl/vms.json'));
    await until('the change', () => changes(events).length > 0);
    expect(changes(events)).toEqual(['web running -> destroyed']);
  });
});
