import { describe, expect, it } from '@jest/globals';
import { settle } from '../../../src/provisioner/settle.js';

const reason = new Error('Ctrl-C');
const never = new Promise<never>(() => {});

function aborting(): { readonly controller: AbortController; readonly signal: AbortSignal } {
  const controller = new AbortController();
  return { controller, signal: controller.signal };
}

describe('the work of a provisioner', () => {
  it('gives its result or its error', async () => {
    const { signal } = aborting();
    const error = new Error('no');
    expect(await settle(async () => 7, { type: 'shell', signal })).toBe(7);
    await expect(settle(() => Promise.reject(error), { type: 'shell', signal })).rejects.toBe(error);
    const throws = (): never => {
      throw error;
    };
    await expect(settle(throws, { type: 'shell', signal })).rejects.toBe(error);
  });

  it('is not begun after an abort', async () => {
    let begun = false;
    const work = async () => (begun = true);
    await expect(settle(work, { type: 'shell', signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(begun).toBe(false);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('killed'))],
    ['succeeds', () => Promise.resolve()],
  ])('ends with the reason of the abort when it then %s', async (_, end) => {
    const { controller, signal } = aborting();
    const work = settle(
      async () => {
        controller.abort(reason);
        await new Promise((resolve) => setImmediate(resolve));
        return end();
      },
      { type: 'shell', signal },
    );
    await expect(work).rejects.toBe(reason);
  });

  it('is given up when it does not end after an abort, and the plugin is named', async () => {
    const { controller, signal } = aborting();
    const work = settle(() => never, { type: 'ansible', signal, abortGraceMs: 10 });
    controller.abort(reason);
    await expect(work).rejects.toMatchObject({
      code: 'VMCTL_PROVISIONER_STUCK',
      message: expect.stringContaining('"ansible"'),
      cause: reason,
    });
  });

  it('may fail after it was given up, without harm', async () => {
    const { controller, signal } = aborting();
    const late = Promise.withResolvers<never>();
    const work = settle(() => late.promise, { type: 'shell', signal, abortGraceMs: 1 });
    controller.abort(reason);
    await expect(work).rejects.toMatchObject({ code: 'VMCTL_PROVISIONER_STUCK' });
    late.reject(new Error('too late'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
