import { AsyncLocalStorage } from 'node:async_hooks';
import type { HookMap } from 'tapable';
import { reportError } from '../errors/error-report.js';
import { asError } from '../errors/vmctl-error.js';
import type { VmctlHooks } from './hooks.js';
import { callPlugin } from './plugin-call.js';
import type { UpContext } from './up-context.js';

/** Which plugin is being activated; how a tap finds out whose it is. */
export const activating = new AsyncLocalStorage<string>();

/** Plugins whose taps do nothing any more, by the hooks that they tapped. */
const withdrawn = new WeakMap<VmctlHooks, Set<string>>();

/** Makes the taps of a plugin do nothing: its activation failed half-way. */
export function withdrawTaps(hooks: VmctlHooks, plugin: string): void {
  withdrawn.get(hooks)?.add(plugin);
}

type TapFunction = (...args: unknown[]) => unknown;

/** tapable exports no type for a tap; every hook's `register` takes and gives the same. */
type Register = NonNullable<Parameters<VmctlHooks['up']['done']['intercept']>[0]['register']>;
type AnyTap = Parameters<Register>[0];

interface AnyHook {
  name: string | undefined;
  intercept(interceptor: { register?: Register }): void;
}

/**
 * Wraps taps so that an error of a plugin says which plugin and hook it comes from, and so that every tap of the
 * hook `failed` runs whatever the others do: their errors become warnings.
 */
export function attributeTapErrors(hooks: VmctlHooks): void {
  const left = new Set<string>();
  withdrawn.set(hooks, left);
  for (const hook of Object.values(hooks.up)) {
    if (hook === hooks.up.failed) watch(hook, left, warnAbout);
    else watch(hook, left);
  }
  watchMap(hooks.hypervisor, left);
  watchMap(hooks.provisioner, left);
  watchMap(hooks.imageSource, left);
  watchMap(hooks.vmNode, left);
}

function watchMap<H extends AnyHook>(map: HookMap<H>, left: ReadonlySet<string>): void {
  map.intercept({
    factory: (_key, hook) => {
      if (hook !== undefined) watch(hook, left);
      return hook;
    },
  });
}

function watch(
  hook: AnyHook,
  left: ReadonlySet<string>,
  swallow?: (error: Error, context: UpContext) => void,
): void {
  const register = (tap: AnyTap): AnyTap => {
    const plugin = activating.getStore();
    if (plugin === undefined && swallow === undefined) return tap;
    const place = { hook: hook.name ?? 'unnamed' };
    const run = promising(tap);
    const fn: TapFunction = async (...args) => {
      if (plugin === undefined) return run(...args);
      return left.has(plugin) ? undefined : callPlugin(plugin, place, () => run(...args));
    };
    if (swallow === undefined) return { ...tap, type: 'promise', fn };
    const never: TapFunction = async (...args) => {
      try {
        return await fn(...args);
      } catch (error) {
        swallow(asError(error), args[0] as UpContext); // the hook's only argument
        return undefined;
      }
    };
    return { ...tap, type: 'promise', fn: never };
  };
  hook.intercept({ register });
}

function warnAbout(error: Error, context: UpContext): void {
  const { code, message, hint } = reportError(error);
  context.events.emit({ type: 'warning', vm: context.definition.name, code, message, hint });
}

/** A tap of any kind as a function that gives a promise, so that what follows never runs inside of the tap. */
function promising(tap: AnyTap): (...args: unknown[]) => Promise<unknown> {
  const fn = tap.fn as TapFunction; // tapable checked that it is a function
  if (tap.type !== 'async') return async (...args) => fn(...args);
  return (...args) =>
    new Promise((resolve, reject) => {
      fn(...args, (error?: unknown, result?: unknown) => {
        if (error) reject(asError(error));
        else resolve(result);
      });
    });
}
