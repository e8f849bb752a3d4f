import { attributed, callPlugin, type PluginPlace } from './plugin-call.js';

/**
 * What a plugin's factory made, such as a backend, with every method call known to be the plugin's: an error says
 * plugin and method, and what the call does to the process can be told apart from core's doing.
 *
 * Methods run on the product itself, so private fields and `this` are as its author wrote them. The proxy's target is
 * an object of its own: one of a frozen product would have to give its methods out unwrapped.
 *
 * A stream that a method gives as `body` is the plugin's as well: it is read in calls that core makes, long after the
 * method has returned.
 *
 * @param what - what it is, for messages: `the backend "qemu"`
 */
export function pluginProduct<T extends object>(product: T, plugin: string, what: string): T {
  const wrapped = new WeakMap<object, unknown>();
  const wrap = (method: string, fn: (...args: unknown[]) => unknown): unknown => {
    const known = wrapped.get(fn);
    if (known !== undefined) return known;
    const place = { method, of: what };
    const call = (...args: unknown[]): unknown => {
      const result: unknown = callPlugin(plugin, place, () => Reflect.apply(fn, product, args));
      return result instanceof Promise
        ? result.then((value: unknown) => withBodyOf(value, plugin, place))
        : withBodyOf(result, plugin, place);
    };
    wrapped.set(fn, call);
    return call;
  };
  const read = (key: string | symbol): unknown => {
    let value: unknown;
    try {
      value = Reflect.get(product, key, product);
    } catch (error) {
      throw attributed(error, plugin, { method: String(key), of: what });
    }
    // A function that an object has can be called with any arguments.
    return typeof value === 'function' && typeof key === 'string' && key !== 'constructor'
      ? wrap(key, value as (...args: unknown[]) => unknown)
      : value;
  };
  // Every question goes to the product, whose type is T.
  return new Proxy({} as T, {
    get: (_target, key) => read(key),
    set: (_target, key, value) => Reflect.set(product, key, value, product),
    has: (_target, key) => Reflect.has(product, key),
    deleteProperty: (_target, key) => Reflect.deleteProperty(product, key),
    ownKeys: () => Reflect.ownKeys(product),
    getPrototypeOf: () => Reflect.getPrototypeOf(product),
    getOwnPropertyDescriptor: (_target, key) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(product, key);
      if (descriptor === undefined) return undefined;
      return {
        value: read(key),
        enumerable: descriptor.enumerable ?? false,
        configurable: true,
        writable: true,
      };
    },
  });
}

/** The same with its `body`, when that is a stream, read as the plugin's. */
function withBodyOf(result: unknown, plugin: string, place: PluginPlace): unknown {
  if (typeof result !== 'object' || result === null || !('body' in result)) return result;
  const { body } = result;
  if (!isAsyncIterable(body)) return result;
  const read = readAsPlugin(body, plugin, place);
  return new Proxy({}, { get: (_target, key) => (key === 'body' ? read : Reflect.get(result, key, result)) });
}

function readAsPlugin(
  body: AsyncIterable<unknown>,
  plugin: string,
  place: PluginPlace,
): AsyncIterable<unknown> {
  const call = <T>(work: () => T): T => callPlugin(plugin, place, work);
  return {
    [Symbol.asyncIterator]() {
      const iterator = call(() => body[Symbol.asyncIterator]());
      return {
        next: () => call(async () => iterator.next()),
        return: () => call(async () => (await iterator.return?.()) ?? { done: true, value: undefined }),
      };
    },
  };
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
