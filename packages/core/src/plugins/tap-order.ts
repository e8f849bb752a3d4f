import type { UpHooks } from './hooks.js';
import { activating } from './tap-errors.js';

type Register = NonNullable<Parameters<UpHooks['done']['intercept']>[0]['register']>;

/** So small a part of a stage that all plugins' parts together stay below what anybody would write as a stage. */
const STEP = 2 ** -20;

/**
 * Sees to it that taps of the same stage run in the order of their plugins' names, core's own last: tapable takes the
 * order in which they were registered, and plugins are loaded when the VMFile needs them, several at once.
 *
 * @param names - of all plugins that may be activated, sorted
 */
export function orderTaps(hooks: UpHooks, names: readonly string[]): void {
  const register: Register = (tap) => {
    const plugin = activating.getStore();
    if (plugin === undefined) return tap;
    return { ...tap, stage: (tap.stage ?? 0) - (names.length - names.indexOf(plugin)) * STEP };
  };
  for (const hook of Object.values(hooks)) hook.intercept({ register });
}
