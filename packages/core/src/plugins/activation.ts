import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import type { Logger } from '../host/logger.js';
import type { KnownPlugin } from './catalog.js';
import { PLUGIN_API_VERSION, type PluginHost, type VmctlPlugin } from './contract.js';
import { errorLine, loadFailed } from './load-failure.js';
import { runPlugin } from './plugin-call.js';
import { activating, withdrawTaps } from './tap-errors.js';

/** How long a plugin's module and its `apply` may take. */
const ACTIVATION_TIMEOUT_MS = 10_000;

/** Imports plugins and lets them tap the hooks, each once, when it is needed. */
export class PluginActivator {
  readonly #host: PluginHost;
  readonly #log: Logger;
  readonly #timeoutMs: number;
  readonly #active = new Map<string, Promise<void>>();

  constructor(options: { host: PluginHost; log: Logger; timeoutMs?: number }) {
    this.#host = options.host;
    this.#log = options.log;
    this.#timeoutMs = options.timeoutMs ?? ACTIVATION_TIMEOUT_MS;
  }

  /**
   * Activates a plugin; a second call waits for the first and ends as it did.
   *
   * @throws VMCTL_PLUGIN_LOAD_FAILED when its entry is missing, does not parse, exports no plugin, or `apply` fails
   * @throws VMCTL_PLUGIN_EXITED when it tries to end the process
   * @throws VMCTL_PLUGIN_TIMEOUT when it takes over ten seconds
   */
  activate(plugin: KnownPlugin): Promise<void> {
    const { name } = plugin.package;
    const known = this.#active.get(name);
    if (known !== undefined) return known;
    const activation = this.#load(plugin);
    this.#active.set(name, activation);
    return activation;
  }

  async #load(plugin: KnownPlugin): Promise<void> {
    const { name } = plugin.package;
    const started = performance.now();
    await this.#inTime(name, async () => {
      const loaded = await importEntry(plugin);
      try {
        await activating.run(name, () =>
          runPlugin(name, { method: 'apply', of: 'its entry' }, async () => loaded.apply(this.#host)),
        );
      } catch (error) {
        throw loadFailed(plugin, 'apply', `its apply() failed: ${messageOf(error)}`, error);
      }
    }).catch((error: unknown) => {
      // What it tapped before it failed must not run as if it were whole.
      withdrawTaps(this.#host.hooks, name);
      throw error;
    });
    this.#log.debug(`activated ${name} in ${(performance.now() - started).toFixed(0)} ms`);
  }

  async #inTime(name: string, work: () => Promise<void>): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(
        new VmctlError('VMCTL_PLUGIN_TIMEOUT', {
          message: `The plugin ${name} did not finish loading within ${this.#timeoutMs / 1000} s.`,
          hint: `Its code hangs while it loads. Update it, or remove it: vmctl plugins uninstall ${name}`,
          details: { plugin: name },
        }),
      );
    }, this.#timeoutMs);
    try {
      await Promise.race([work(), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function importEntry(plugin: KnownPlugin): Promise<VmctlPlugin> {
  const path = join(plugin.package.root, plugin.manifest.entry);
  try {
    await access(path);
  } catch (error) {
    throw loadFailed(plugin, 'entry', `its entry is missing: ${path}`, error);
  }
  let module: unknown;
  try {
    module = await runPlugin(
      plugin.package.name,
      { method: 'import', of: 'its entry' },
      () => import(pathToFileURL(path).href),
    );
  } catch (error) {
    throw loadFailed(plugin, 'import', `its entry ${path} cannot be imported: ${errorLine(error)}`, error);
  }
  const exported = (module as { default?: unknown }).default; // a module namespace is an object
  if (!isPlugin(exported)) {
    const inner = (exported as { default?: unknown } | null | undefined)?.default;
    const why = isPlugin(inner) ? ', but one { default }: it is compiled to CommonJS' : '';
    throw loadFailed(plugin, 'export', `${path} has no default export { name, apiVersion, apply }${why}`);
  }
  if (exported.apiVersion !== PLUGIN_API_VERSION) {
    throw loadFailed(
      plugin,
      'export',
      `its code says apiVersion ${exported.apiVersion}, not ${PLUGIN_API_VERSION}`,
    );
  }
  return exported;
}

function isPlugin(value: unknown): value is VmctlPlugin {
  return (
    typeof value === 'object' &&
    value !== null &&
    'apply' in value &&
    typeof value.apply === 'function' &&
    'apiVersion' in value
  );
}
