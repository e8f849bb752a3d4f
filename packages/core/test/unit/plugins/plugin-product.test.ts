import { describe, expect, it } from '@jest/globals';
import { currentPluginCall } from '../../../src/plugins/plugin-call.js';
import { pluginProduct } from '../../../src/plugins/plugin-product.js';

const WHAT = 'the backend "warp"';

/** With everything that a wrapper can get wrong. */
class Warp {
  readonly name = 'warp';
  #starts = 0;

  get starts(): number {
    return this.#starts;
  }

  async start(by: number): Promise<number> {
    this.#starts += by;
    return this.#count();
  }

  async fail(): Promise<never> {
    throw new Error('the coil broke');
  }

  failAtOnce(): never {
    throw new Error('the coil broke');
  }

  who(): string | undefined {
    return currentPluginCall()?.plugin;
  }

  #count(): number {
    return this.#starts;
  }
}

describe('what a plugin brings', () => {
  it('works on itself: private fields, getters and its own methods', async () => {
    const warp = pluginProduct(new Warp(), 'acme', WHAT);
    expect(await warp.start(2)).toBe(2);
    expect(await warp.start(3)).toBe(5);
    expect(warp.starts).toBe(5);
    expect(warp).toBeInstanceOf(Warp);
  });

  it('has the fields, and the optional methods, that its author gave it', () => {
    const bare: { name: string; diagnose?: () => void } = { name: 'bare' };
    const product = pluginProduct(bare, 'acme', WHAT);
    expect(product.diagnose).toBeUndefined();
    expect('diagnose' in product).toBe(false);
    expect(Object.keys(product)).toEqual(['name']);
    product.name = 'renamed';
    expect(bare.name).toBe('renamed');
    expect({ ...product }).toEqual({ name: 'renamed' });
  });

  it('may be frozen', async () => {
    const frozen = Object.freeze({ name: 'ice', run: async () => Promise.reject(new Error('cold')) });
    const product = pluginProduct(frozen, 'acme', WHAT);
    await expect(product.run()).rejects.toMatchObject({ code: 'VMCTL_PLUGIN_FAILED' });
  });

  it('gives the same method each time', () => {
    const warp = pluginProduct(new Warp(), 'acme', WHAT);
    expect(warp.start).toBe(warp.start);
  });

  it.each(['fail', 'failAtOnce'] as const)('says plugin and method when %s() fails', async (method) => {
    const warp = pluginProduct(new Warp(), 'acme', WHAT);
    await expect((async () => warp[method]())()).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_FAILED',
      message: `The plugin acme failed in ${method}() of the backend "warp": the coil broke`,
      details: { plugin: 'acme', method, of: WHAT },
    });
  });

  it('runs as its plugin', () => {
    expect(pluginProduct(new Warp(), 'acme', WHAT).who()).toBe('acme');
    expect(new Warp().who()).toBeUndefined();
  });

  it('says plugin and property when a getter fails', () => {
    const broken = {
      get supports(): never {
        throw new Error('the coil broke');
      },
    };
    expect(() => pluginProduct(broken, 'acme', WHAT).supports).toThrow(
      'The plugin acme failed in supports() of the backend "warp": the coil broke',
    );
  });
});

describe('a stream that a plugin gives as a body', () => {
  const source = (body: () => AsyncIterable<unknown>) =>
    pluginProduct({ open: async () => Object.freeze({ size: 2, body: body() }) }, 'acme', WHAT);

  it('is read as its plugin, and closed as its plugin', async () => {
    const seen: (string | undefined)[] = [];
    const { size, body } = await source(async function* () {
      try {
        yield seen.push(currentPluginCall()?.plugin);
        yield 'not read any more';
      } finally {
        seen.push(currentPluginCall()?.plugin);
      }
    }).open();
    for await (const _ of body) break;
    expect({ size, seen }).toEqual({ size: 2, seen: ['acme', 'acme'] });
  });

  it('says plugin and method when it breaks', async () => {
    const { body } = await source(async function* () {
      yield 1;
      throw new Error('the line went dead');
    }).open();
    const read = async (): Promise<void> => {
      for await (const _ of body);
    };
    await expect(read()).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_FAILED',
      message: 'The plugin acme failed in open() of the backend "warp": the line went dead',
    });
  });
});
