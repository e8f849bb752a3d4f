import { callPlugin } from './plugin-call.js';

/**
 * What a plugin's factory made, such as a backend, with every method call known to be the plugin's: an error says
 * plugin and method, and what the call does to the process can be told apart from core's doing.
 *
 * Methods run on the product itself, so private fields and `this` are as its author wrote them. The proxy's target is
 * an object of its own: one of a frozen product would have to give its methods out unwrapped.
 *
 * @param what - what it is, for messages: `the backend "qemu"`
 */
export function pluginProduct<T extends object>(product: T, plugin: string, what: string): T {
  const wrapped = new WeakMap<object, unknown>();
  const wrap = (method: string, fn: (...args: unknown[]) => unknown): unknown => {
    const known = wrapped.get(fn);
    if (known !== undefined) return known;
    const call = (...args: unknown[]): unknown =>
      callPlugin(plugin, { method, of: what }, () => Reflect.apply(fn, product, args));
    wrapped.set(fn, call);
    return call;
  };
  const read = (key: string | symbol): unknown => {
    const value: unknown = Reflect.get(product, key, product);
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
