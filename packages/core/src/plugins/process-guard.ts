import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { asError, hasCode, VmctlError } from '../errors/vmctl-error.js';
import {
  attributed,
  currentPluginCall,
  outsidePlugins,
  type PluginCall,
  placeText,
  watchPluginCalls,
} from './plugin-call.js';
import { changedGlobals } from './shared-globals.js';

export interface ProcessGuardOptions {
  /** The directories of plugins, to tell from a stack whose error it is. */
  readonly roots: readonly { readonly name: string; readonly root: string }[];
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
  readonly #roots: { readonly name: string; readonly root: string }[];
  #onStrayError: ProcessGuardOptions['onStrayError'];

  /** The guard of this process. The first call makes it; later ones add their plugins to those that it knows. */
  static guard(options: ProcessGuardOptions): ProcessGuard {
    if (ProcessGuard.#ofProcess === undefined) ProcessGuard.#ofProcess = new ProcessGuard(options);
    else ProcessGuard.#ofProcess.#roots.push(...options.roots);
    return ProcessGuard.#ofProcess;
  }

  private constructor(options: ProcessGuardOptions) {
    this.#roots = [...options.roots];
    this.#onStrayError = options.onStrayError;
    this.#refuseExit();
    this.#divertOutput();
    this.#catchStrayErrors();
    this.#watchGlobals(options.onChangedGlobals);
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
    const exit = process.exit.bind(process);
    const guarded = (code?: number | string | null): never => {
      const call = currentPluginCall();
      if (call === undefined) return exit(code);
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
    watchPluginCalls(({ plugin }) => {
      const changed = putBack();
      if (changed.length === 0 || told.has(plugin)) return;
      told.add(plugin);
      outsidePlugins(() => onChanged(plugin, changed));
    });
  }

  #pluginInStack({ stack = '' }: Error): string | undefined {
    return this.#roots.find(({ root }) => {
      let real = root;
      try {
        real = realpathSync(root);
      } catch {
        // It is gone; the stack has the path by which it was loaded.
      }
      return stack.includes(`${pathToFileURL(real).href}/`) || stack.includes(`${real}/`);
    })?.name;
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
