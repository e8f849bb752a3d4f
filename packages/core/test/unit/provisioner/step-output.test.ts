import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { VmctlEventBody } from '../../../src/events/events.js';
import { Redactor } from '../../../src/provisioner/redactor.js';
import { StepOutput } from '../../../src/provisioner/step-output.js';
import { MemoryWatch } from '../../support/memory.js';

const step = { index: 1, count: 2, name: 'packages', provisioner: 'shell' };

interface Watched {
  readonly output: StepOutput;
  readonly redactor: Redactor;
  /** Texts of the events of a stream. */
  texts(stream?: string): string[];
  log(): string;
  /** Resolves at the next event. */
  next(): Promise<void>;
}

function watch(cap?: { head: number; tail: number }, keep = true): Watched {
  const events: VmctlEventBody[] = [];
  let log = '';
  let wake: (() => void) | undefined;
  const redactor = new Redactor();
  const output = new StepOutput({
    vm: 'web',
    step,
    redactor,
    events: {
      emit: (event) => {
        if (keep) events.push(event);
        wake?.();
      },
    },
    write: (text) => {
      log += text;
      return undefined;
    },
    cap,
  });
  return {
    output,
    redactor,
    texts: (stream = 'stdout') =>
      events.flatMap((event) =>
        event.type === 'step.output' && event.stream === stream ? [event.text] : [],
      ),
    log: () => log,
    next: () => new Promise((resolve) => (wake = resolve)),
  };
}

describe('the output of a step', () => {
  it('goes to the events and to the log, each stream by itself', () => {
    const { output, texts, log } = watch();
    void output.write('stdout', 'hello\n');
    void output.write('stderr', Buffer.from('oh\n'));
    output.close();
    expect(texts()).toEqual(['hello\n']);
    expect(texts('stderr')).toEqual(['oh\n']);
    expect(log()).toBe('hello\noh\n');
  });

  it('waits for the log and for those who show it', async () => {
    const written = Promise.withResolvers<void>();
    const shown = Promise.withResolvers<void>();
    const output = new StepOutput({
      vm: 'web',
      step,
      redactor: new Redactor(),
      events: { emit: () => undefined, pressure: () => shown.promise },
      write: () => written.promise,
    });
    let mayGoOn = false;
    const waiting = output.write('stdout', 'hello\n')?.then(() => (mayGoOn = true));
    written.resolve();
    await written.promise;
    expect(mayGoOn).toBe(false);
    shown.resolve();
    await waiting;
    expect(mayGoOn).toBe(true);
    output.close();
  });

  it('does not mix a line of one stream with one of the other in the log', () => {
    const { output, log } = watch();
    void output.write('stdout', 'begin ');
    void output.write('stderr', 'warning\n');
    void output.write('stdout', 'end\n');
    output.close();
    expect(log()).toBe('warning\nbegin end\n');
  });

  it('shows a line without an end after a while, and ends it in the log', async () => {
    const { output, texts, log, next } = watch();
    const shown = next();
    void output.write('stdout', 'Working');
    expect(texts()).toEqual([]);
    await shown;
    expect(texts()).toEqual(['Working']);
    void output.write('stdout', '...');
    output.close();
    expect(texts()).toEqual(['Working', '...']);
    expect(log()).toBe('Working...\n');
  });

  it('keeps characters whole wherever the bytes are cut', () => {
    const text = 'Grüße, 世界, 👋\n'.repeat(3);
    const cuts = fc.array(fc.nat(Buffer.byteLength(text)), { maxLength: 10 });
    fc.assert(
      fc.property(cuts, (places) => {
        const { output, texts, log } = watch();
        const bytes = Buffer.from(text);
        const edges = [0, ...places.toSorted((a, b) => a - b), bytes.length];
        for (const [index, edge] of edges.slice(1).entries()) {
          void output.write('stdout', bytes.subarray(edges[index], edge));
        }
        output.close();
        expect(texts().join('')).toBe(text);
        expect(log()).toBe(text);
      }),
    );
  });

  it('makes valid, printable text of any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (chunks) => {
        const { output, texts, log } = watch();
        for (const chunk of chunks) void output.write('stdout', chunk);
        output.close();
        for (const text of [...texts(), log()]) {
          expect(text.isWellFormed()).toBe(true);
          expect(text).not.toMatch(/[^\P{Cc}\n\t\r]/u);
        }
        expect(log()).not.toContain('\r');
      }),
    );
  });

  it('makes events of at most 16 KiB, between characters', () => {
    const { output, texts } = watch();
    const text = '世'.repeat(100_000);
    void output.write('stdout', `${text}\n`);
    output.close();
    expect(texts().join('')).toBe(`${text}\n`);
    expect(Math.max(...texts().map((each) => Buffer.byteLength(each)))).toBeLessThanOrEqual(16 * 1024);
    expect(texts().every((each) => each.isWellFormed())).toBe(true);
  });

  it('has no secrets, even when they are cut, coloured, or shown late', async () => {
    const { output, redactor, texts, log, next } = watch();
    redactor.add('hunter2');
    const shown = next();
    void output.write('stdout', 'login hun');
    await shown;
    expect(texts()).toEqual(['login ']);
    void output.write('stdout', 'ter2 and \x1b[31mhunt\x1b[1mer2\x1b[0m\n');
    void output.write('stderr', 'hunter');
    output.close();
    expect(texts().join('')).toBe('login *** and ***\n');
    expect(texts('stderr').join('')).toBe('hunter');
    expect(log()).toBe('login *** and ***\nhunter\n');
  });

  it('shows the last state of a progress bar', () => {
    const { output, texts, log } = watch();
    for (let percent = 0; percent <= 100; percent++) void output.write('stderr', `\r${percent} %`);
    void output.write('stderr', '\n');
    output.close();
    expect(texts('stderr').join('')).toBe('100 %\n');
    expect(log()).toBe('100 %\n');
  });

  it('is in the log with its beginning and its end when it is long', () => {
    const { output, log } = watch({ head: 1000, tail: 1000 });
    for (let line = 0; line < 10_000; line++) void output.write('stdout', `line ${line}\n`);
    output.close();
    expect(log()).toMatch(/^line 0\n/);
    expect(log()).toMatch(/\nline 9999\n$/);
    expect(log()).toMatch(/\[vmctl: \d+ bytes of output were left out here\]\n/);
    expect(log().length).toBeLessThan(2200);
  });

  it('of 200 MB costs no memory worth speaking of', async () => {
    const { output } = watch({ head: 1000, tail: 1024 * 1024 }, false);
    const chunk = Buffer.alloc(32 * 1024, `${'x'.repeat(79)}\n`);
    const memory = new MemoryWatch(20_000_000);
    for (let size = 0; size < 200e6; size += chunk.length) {
      void output.write('stdout', chunk);
      memory.passed(chunk.length);
    }
    output.close();
    expect(memory.growth).toBeLessThan(20 * 2 ** 20);
  });

  it('keeps its last lines for an error, none of them empty or endless', () => {
    const { output } = watch();
    for (let line = 0; line < 30; line++) void output.write('stdout', `line ${line}\n\n`);
    void output.write('stderr', `${'x'.repeat(5000)}!\nlast, without an end`);
    output.close();
    expect(output.lastLines).toHaveLength(2);
    expect(output.lastLines[0]).toMatch(/^…x+!$/);
    expect(output.lastLines[1]).toBe('last, without an end');
  });

  it('is over when the step is', () => {
    const { output, texts, log } = watch();
    output.close();
    expect(output.write('stdout', 'late\n')).toBeUndefined();
    output.close();
    expect([...texts(), log()]).toEqual(['']);
  });
});
