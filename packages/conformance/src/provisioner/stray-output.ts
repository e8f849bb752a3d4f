import { AsyncLocalStorage } from 'node:async_hooks';

/** Where prints belong: the test runner prints as well, at the same time. */
const origin = new AsyncLocalStorage<string[]>();

const CONSOLE = ['debug', 'error', 'info', 'log', 'warn'] as const;

/** What `work`, and all that it has started, prints to this process's stdout, stderr and console. It is passed on. */
export async function strayOutputOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const printed: string[] = [];
  const note = (text: unknown): void => void origin.getStore()?.push(String(text));
  const undo: (() => void)[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const original: typeof stream.write = Reflect.get(stream, 'write');
    // `write` has overloads; what is passed on is what came.
    stream.write = function write(this: typeof stream, ...args: unknown[]): unknown {
      note(args[0]);
      return Reflect.apply(original, this, args);
    } as typeof stream.write;
    undo.push(() => {
      stream.write = original;
    });
  }
  for (const method of CONSOLE) {
    const original = globalThis.console[method];
    globalThis.console[method] = (...args: unknown[]) => {
      note(args.map(String).join(' '));
      Reflect.apply(original, globalThis.console, args);
    };
    undo.push(() => {
      globalThis.console[method] = original;
    });
  }
  try {
    await origin.run(printed, work);
  } finally {
    for (const each of undo) each();
  }
  return printed;
}
