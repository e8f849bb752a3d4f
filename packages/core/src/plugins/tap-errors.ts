import { AsyncLocalStorage } from 'node:async_hooks';
import type { HookMap } from 'tapable';
import { reportError } from '../errors/error-report.js';
import { asError, isVmctlError, messageOf, VmctlError } from '../errors/vmctl-error.js';
import type { VmctlHooks } from './hooks.js';
import type { UpContext } from './up-context.js';

/** Which plugin is being activated; how a tap finds out whose it is. */
export const activating = new AsyncLocalStorage<string>();

type TapFunction = (...args: unknown[]) => unknown;

/** tapable exports no type for a tap; every hook's `register` takes and gives the same. */
type Register = NonNullable<Parameters<VmctlHooks['up']['done']['intercept']>[0]['register']>;
type AnyTap = Parameters<Register>[0];

interface AnyHook {
  name: string | undefined;
  intercept(interceptor: { register?: Register }): void;
}

/** What becomes of an error of a tap: the error to go on with, or undefined to swallow it. */
type ErrorHandler = (error: unknown, args: readonly unknown[]) => Error | undefined;

/**
 * Wraps taps so that an error of a plugin says which plugin and hook it comes from, and so that every tap of the
 * hook `failed` runs whatever the others do: their errors become warnings.
 */
export function attributeTapErrors(hooks: VmctlHooks): void {
  for (const hook of Object.values(hooks.up)) {
    if (hook === hooks.up.failed) watch(hook, warnAbout);
    else watch(hook);
  }
  watchMap(hooks.hypervisor);
  watchMap(hooks.provisioner);
  watchMap(hooks.imageSource);
  watchMap(hooks.vmNode);
}

function watchMap<H extends AnyHook>(map: HookMap<H>): void {
  map.intercept({
    factory: (_key, hook) => {
      if (hook !== undefined) watch(hook);
      return hook;
    },
  });
}

function watch(hook: AnyHook, swallow?: (error: Error, context: UpContext) => void): void {
  const register = (tap: AnyTap): AnyTap => {
    const plugin = activating.getStore();
    if (plugin === undefined && swallow === undefined) return tap;
    const handle: ErrorHandler = (thrown, [context]) => {
      const error =
        plugin === undefined ? asError(thrown) : attributed(thrown, plugin, hook.name ?? 'unnamed');
      if (swallow === undefined) return error;
      swallow(error, context as UpContext); // the hook's only argument
      return undefined;
    };
    return { ...tap, fn: wrap(tap, handle) };
  };
  hook.intercept({ register });
}

function warnAbout(error: Error, context: UpContext): void {
  const { code, message, hint } = reportError(error);
  context.events.emit({ type: 'warning', vm: context.definition.name, code, message, hint });
}

function wrap(tap: AnyTap, handle: ErrorHandler): TapFunction {
  const fn = tap.fn as TapFunction; // tapable checked that it is a function
  if (tap.type === 'promise') {
    return async (...args) => {
      try {
        return await fn(...args);
      } catch (error) {
        return rethrow(handle(error, args));
      }
    };
  }
  return (...args) => {
    const last = args.at(-1);
    if (tap.type === 'async' && typeof last === 'function') {
      const done = (error?: unknown, result?: unknown): unknown =>
        last(error ? handle(error, args) : undefined, result);
      return fn(...args.slice(0, -1), done);
    }
    try {
      return fn(...args);
    } catch (error) {
      return rethrow(handle(error, args));
    }
  };
}

function rethrow(error: Error | undefined): undefined {
  if (error !== undefined) throw error;
  return undefined;
}

/**
 * An error of a plugin, with its plugin and hook. One that is meant for the user (by shape) stays as it is and
 * gets the two as properties; an abort's reason is passed on; anything else is a fault of the plugin.
 */
export function attributed(error: unknown, plugin: string, hook: string): Error {
  if (isVmctlError(error)) {
    if (Object.isExtensible(error) && !('plugin' in error)) Object.assign(error, { plugin, hook });
    return error;
  }
  if (error instanceof Error && error.name === 'AbortError') return error;
  return new VmctlError('VMCTL_PLUGIN_FAILED', {
    message: `The plugin ${plugin} failed in the hook ${hook}: ${messageOf(error)}`,
    hint: 'This is a fault of the plugin. `vmctl doctor` shows its version; DEBUG=vmctl:* shows where it failed.',
    cause: error,
    details: { plugin, hook },
  });
}
