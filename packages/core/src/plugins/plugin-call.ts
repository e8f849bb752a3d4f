import { AsyncLocalStorage } from 'node:async_hooks';
import { isVmctlError, messageOf, VmctlError } from '../errors/vmctl-error.js';

/** Where in a plugin something happens: a tap, a method of what it brings, or its entry. */
export type PluginPlace =
  { readonly hook: string } | { readonly method: string; /** `the backend "qemu"` */ readonly of: string };

/** Code of a plugin that runs now. */
export interface PluginCall {
  readonly plugin: string;
  readonly place: PluginPlace;
  /** Why the call cannot succeed any more, whatever it returns. */
  refusal?: VmctlError;
}

const calls = new AsyncLocalStorage<PluginCall | undefined>();

const called = new Set<string>();

/** Told after each call of a plugin; set by what guards the process. */
let afterCall: ((call: PluginCall) => void) | undefined;

/** The plugin whose code runs here, also in the timers and callbacks that it left behind; undefined in core's. */
export function currentPluginCall(): PluginCall | undefined {
  return calls.getStore();
}

/** The plugins of which any code has run in this process. */
export function calledPlugins(): ReadonlySet<string> {
  return called;
}

/** Runs core's own work that a plugin caused, such as showing an event, as not the plugin's. */
export function outsidePlugins<T>(work: () => T): T {
  return calls.run(undefined, work);
}

/** From now on `listener` is told after each call of a plugin. Returns the function that ends it. */
export function watchPluginCalls(listener: (call: PluginCall) => void): () => void {
  afterCall = listener;
  return () => {
    if (afterCall === listener) afterCall = undefined;
  };
}

/**
 * Runs code of a plugin, so that all it does can be told to be its doing. Gives what `work` gives; throws, or
 * rejects with, what it throws, and throws the refusal when it did what it must not do.
 */
export function runPlugin<T>(plugin: string, place: PluginPlace, work: () => T): T {
  const call: PluginCall = { plugin, place };
  called.add(plugin);
  const succeed = <V>(value: V): V => {
    afterCall?.(call);
    if (call.refusal !== undefined) throw call.refusal;
    return value;
  };
  const fail = (error: unknown): never => {
    afterCall?.(call);
    throw call.refusal ?? error;
  };
  let result: T;
  try {
    result = calls.run(call, work);
  } catch (error) {
    return fail(error);
  }
  // A promise stays one: T is it, and what `then` gives has its type.
  return isPromise(result) ? (result.then(succeed, fail) as T) : succeed(result);
}

/** Like {@link runPlugin}; what goes wrong says which plugin it was, and where. */
export function callPlugin<T>(plugin: string, place: PluginPlace, work: () => T): T {
  const fail = (error: unknown): never => {
    throw attributed(error, plugin, place);
  };
  let result: T;
  try {
    result = runPlugin(plugin, place, work);
  } catch (error) {
    return fail(error);
  }
  return isPromise(result) ? (result.then(undefined, fail) as T) : result; // as in runPlugin
}

/**
 * An error of a plugin, with the plugin and the place. One that is meant for the user (by shape) stays as it is and
 * gets these as properties; an abort's reason is passed on; anything else is a fault of the plugin.
 */
export function attributed(error: unknown, plugin: string, place: PluginPlace): Error {
  if (isVmctlError(error)) {
    if (Object.isExtensible(error) && !('plugin' in error)) Object.assign(error, { plugin, ...place });
    return error;
  }
  if (isAbort(error)) return error;
  return new VmctlError('VMCTL_PLUGIN_FAILED', {
    message: `The plugin ${plugin} failed in ${placeText(place)}: ${messageOf(error)}`,
    hint: 'This is a fault of the plugin. `vmctl doctor` shows its version; DEBUG=vmctl:* shows where it failed.',
    cause: error,
    details: { plugin, ...place },
  });
}

/** The place in words, after "in". */
export function placeText(place: PluginPlace): string {
  return 'hook' in place ? `the hook ${place.hook}` : `${place.method}() of ${place.of}`;
}

/** By shape: it may come from another realm. */
function isAbort(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError';
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
