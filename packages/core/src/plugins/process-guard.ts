import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { asError, hasCode, VmctlError } from '../errors/vmctl-error.js';
import { onCommandEnd } from './command-end.js';
import type { PluginPackage } from './manifest.js';
import {
  attributed,
  calledPlugins,
  currentPluginCall,
  outsidePlugins,
  type PluginCall,
  placeText,
  watchPluginCalls,
} from './plugin-call.js';
import { changedGlobals } from './shared-globals.js';

/** How long what a plugin left open may keep the process after the command has done its work. */
const LINGER_MS = 2000;

export interface ProcessGuardOptions {
  /** All packages, to tell from a stack whose error it is. Those that are no plugins of vmctl are passed over. */
  readonly roots: readonly Pick<PluginPackage, 'name' | 'root' | 'vmctl'>[];
  /** Given an error that nobody waited for: the process should end. `plugin` is undefined when it is core's. */
  readonly onStrayError: (error: Error, plugin: string | undefined) => void;
  /** Given once for every plugin that changed what all share, after it was put back. */
  readonly onChangedGlobals: (plugin: string, what: readonly string[]) => void;
}

/**
 * Keeps plugins from doing to this process what is core's to do, from now to its end: a call of `process.exit`
 * becomes an error of the call that it happened in, what they print on stdout goes to stderr under their name, errors
 * in their timers and forgotten promises are reported as theirs, and the globals that vmctl relies on are put back.
 *
 * This is protection against mistakes, not against malice: plugins run in this process with all rights of the user.
 */
export class ProcessGuard {
  static #ofProcess: ProcessGuard | undefined;
  readonly #roots: { readonly name: string; readonly root: string }[] = [];
  readonly #exit = process.exit.bind(process);
  #endWatch: () => void = () => undefined;
  #onStrayError: ProcessGuardOptions['onStrayError'];

  /** The guard of this process. The first call makes it; later ones add their plugins to those that it knows. */
  static guard(options: ProcessGuardOptions): ProcessGuard {
    ProcessGuard.#ofProcess ??= new ProcessGuard(options);
    // Core is in the list as well: its faults are nobody else's.
    ProcessGuard.#ofProcess.#roots.push(...options.roots.filter(({ vmctl }) => vmctl !== undefined));
    return ProcessGuard.#ofProcess;
  }

  private constructor(options: ProcessGuardOptions) {
    this.#onStrayError = options.onStrayError;
    this.#refuseExit();
    this.#divertOutput();
    this.#catchStrayErrors();
    this.#watchGlobals(options.onChangedGlobals);
    onCommandEnd(() => this.#commandEnded());
  }

  /** Hands stray errors to somebody else until the function that comes back is called. */
  divertStrayErrors(listener: ProcessGuardOptions['onStrayError']): () => void {
    const before = this.#onStrayError;
    this.#onStrayError = listener;
    return () => {
      this.#onStrayError = before;
    };
  }

  #refuseExit(): void {
    const guarded = (code?: number | string | null): never => {
      const call = currentPluginCall();
      if (call === undefined) return this.#exit(code);
      // A plugin that catches this does not get away with it: the call is refused.
      call.refusal ??= exited(call, code);
      throw call.refusal;
    };
    process.exit = guarded;
  }

  #divertOutput(): void {
    const { stdout, stderr } = process;
    const write = stdout.write.bind(stdout);
    const guarded = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      const call = currentPluginCall();
      // The rest is the encoding and the callback, whichever are given.
      if (call === undefined) return Reflect.apply(write, undefined, [chunk, ...rest]) as boolean;
      const done = rest.findLast((each) => typeof each === 'function') as (() => void) | undefined;
      return stderr.write(underName(call.plugin, chunk), done && (() => done()));
    };
    stdout.write = guarded;
  }

  #catchStrayErrors(): void {
    const listener = (thrown: unknown): void => {
      const error = asError(thrown);
      const plugin = currentPluginCall()?.plugin ?? this.#pluginInStack(error);
      outsidePlugins(() => this.#onStrayError(plugin === undefined ? error : stray(error, plugin), plugin));
    };
    process.on('uncaughtException', listener);
    process.on('unhandledRejection', listener);
  }

  #watchGlobals(onChanged: ProcessGuardOptions['onChangedGlobals']): void {
    const putBack = changedGlobals();
    const told = new Set<string>();
    this.#endWatch = watchPluginCalls(({ plugin }) => {
      const changed = putBack();
      if (changed.length === 0 || told.has(plugin)) return;
      told.add(plugin);
      outsidePlugins(() => onChanged(plugin, changed));
    });
  }

  /** A timer, a server or a child process that a plugin forgot would keep a vmctl that has nothing left to do. */
  #commandEnded(): void {
    // The exit status is set: a call that ends only now must not have it put back.
    this.#endWatch();
    if (calledPlugins().size === 0) return;
    // After the listeners of plugins, with the status that the process was about to end with.
    process.on('exit', (status) => (process.exitCode = status));
    const timer = setInterval(() => {
      if (process.stdout.writableLength > 0 || process.stderr.writableLength > 0) return;
      const open = process.getActiveResourcesInfo().filter((type) => !['TTYWrap', 'PipeWrap'].includes(type));
      const what = open.length === 0 ? '' : ` (${[...new Set(open)].join(', ')})`;
      const names = [...calledPlugins()].toSorted().join(', ');
      process.stderr.write(
        `! A plugin has left something open${what}; vmctl ends without it. In use: ${names}\n`,
      );
      this.#exit();
    }, LINGER_MS);
    timer.unref();
  }

  /** The plugin that is the uppermost in the stack. */
  #pluginInStack({ stack = '' }: Error): string | undefined {
    const found = this.#roots.flatMap(({ name, root }) => {
      let real = root;
      try {
        real = realpathSync(root);
      } catch {
        // It is gone; the stack has the path by which it was loaded.
      }
      const places = [`${pathToFileURL(real).href}/`, `${real}/`].map((path) => stack.indexOf(path));
      const line = Math.min(...places.filter((place) => place !== -1));
      return line === Infinity ? [] : [{ name, line, depth: real.length }];
    });
    // A package can be below another one.
    return found.toSorted((a, b) => a.line - b.line || b.depth - a.depth)[0]?.name;
  }
}

function exited({ plugin, place }: PluginCall, code: number | string | null = ''): VmctlError {
  return new VmctlError('VMCTL_PLUGIN_EXITED', {
    message: `The plugin ${plugin} called process.exit(${code ?? ''}) in ${placeText(place)}.`,
    hint: `Ending vmctl is not up to a plugin; it has to throw an error. Tell its authors, or remove it: vmctl plugins uninstall ${plugin}`,
    details: { plugin, ...place },
  });
}

/** An error that a plugin left to nobody. */
function stray(error: Error, plugin: string): Error {
  if (hasCode(error, 'VMCTL_PLUGIN_EXITED')) return error;
  return attributed(error, plugin, { method: 'code', of: 'its own that nobody waits for' });
}

/** Every line with the plugin's name before it. */
function underName(plugin: string, chunk: string | Uint8Array): string {
  const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `${plugin}: ${line}\n`)
    .join('');
}
