import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { VmctlError } from '../../../src/errors/vmctl-error.js';
import {
  callPlugin,
  currentPluginCall,
  outsidePlugins,
  runPlugin,
  watchPluginCalls,
} from '../../../src/plugins/plugin-call.js';

const place = { hook: 'vmctl.up.ready' };
const current = (): string | undefined => currentPluginCall()?.plugin;

describe('the plugin whose code runs', () => {
  it('is known in what it does now and later, and nowhere else', async () => {
    const seen: (string | undefined)[] = [];
    const later = Promise.withResolvers<void>();
    const result = await runPlugin('acme', place, async () => {
      seen.push(current());
      await setImmediate();
      seen.push(current());
      setTimeout(() => {
        seen.push(current());
        later.resolve();
      }, 0);
      return 42;
    });
    seen.push(current());
    await later.promise;
    expect(result).toBe(42);
    expect(seen).toEqual(['acme', 'acme', undefined, 'acme']);
  });

  it('is the inner one when a plugin calls another', async () => {
    const seen = await runPlugin('outer', place, async () => {
      const inner = await runPlugin('inner', place, async () => current());
      return [inner, current()];
    });
    expect(seen).toEqual(['inner', 'outer']);
  });

  it('is none in what core does for it', () => {
    expect(runPlugin('acme', place, () => outsidePlugins(current))).toBeUndefined();
  });
});

describe('a call of a plugin', () => {
  it('that does not wait gives its result at once', () => {
    expect(callPlugin('acme', place, () => 'now')).toBe('now');
  });

  it.each([
    [
      'throws',
      () => {
        throw new TypeError('boom');
      },
    ],
    ['rejects', () => Promise.reject(new TypeError('boom'))],
  ])('that %s says which plugin it was, and where', async (_how, work) => {
    await expect((async () => callPlugin('acme', place, work))()).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_FAILED',
      message: 'The plugin acme failed in the hook vmctl.up.ready: boom',
      details: { plugin: 'acme', hook: 'vmctl.up.ready' },
      cause: expect.any(TypeError),
    });
  });

  it('passes an error for the user and an abort on as they are', async () => {
    const meant = new VmctlError('ACME_NO_LICENCE', { message: 'There is no licence.' });
    await expect(callPlugin('acme', place, () => Promise.reject(meant))).rejects.toBe(meant);
    const aborted = await once(new EventTarget(), 'x', { signal: AbortSignal.abort() }).catch(
      (error: unknown) => error,
    );
    await expect(callPlugin('acme', place, () => Promise.reject(aborted))).rejects.toBe(aborted);
  });

  it('that was refused fails with that, whatever it returns or throws', async () => {
    const refusal = new VmctlError('VMCTL_PLUGIN_EXITED', { message: 'No.' });
    const refuse = (): void => {
      const call = currentPluginCall();
      if (call !== undefined) call.refusal = refusal;
    };
    expect(() => callPlugin('acme', place, refuse)).toThrow(refusal);
    await expect(callPlugin('acme', place, async () => refuse())).rejects.toBe(refusal);
    await expect(
      callPlugin('acme', place, async () => {
        refuse();
        throw new Error('something else');
      }),
    ).rejects.toBe(refusal);
  });
});

describe('who watches the calls of plugins', () => {
  const ended: string[] = [];
  let end: () => void = () => undefined;
  afterEach(() => {
    end();
    ended.length = 0;
  });

  it('is told when each has ended, well or not', async () => {
    end = watchPluginCalls(({ plugin }) => ended.push(plugin));
    const waiting = runPlugin('slow', place, () => setImmediate());
    runPlugin('quick', place, () => undefined);
    expect(() =>
      runPlugin('faulty', place, () => {
        throw new Error('boom');
      }),
    ).toThrow('boom');
    expect(ended).toEqual(['quick', 'faulty']);
    await waiting;
    expect(ended).toEqual(['quick', 'faulty', 'slow']);
  });
});
