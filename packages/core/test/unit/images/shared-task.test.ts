import { describe, expect, it, jest } from '@jest/globals';
import { SharedTask } from '../../../src/images/shared-task.js';

const party = () => {
  const abort = new AbortController();
  const onProgress = jest.fn<(progress: number) => void>();
  return { abort, onProgress, waiter: { signal: abort.signal, onProgress } };
};

/** Work that ends when the test says so, or when it is aborted and has cleaned up. */
const controlled = () => {
  const { promise: go, resolve: finish } = Promise.withResolvers<string>();
  const { promise: mayEnd, resolve: endCleaning } = Promise.withResolvers<void>();
  const state = { runs: 0, cleaned: false, report: (_: number): void => undefined };
  const work = async (signal: AbortSignal, report: (progress: number) => void): Promise<string> => {
    state.runs += 1;
    state.report = report;
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    try {
      return await Promise.race([go, aborted]);
    } catch (error) {
      await mayEnd;
      state.cleaned = true;
      throw error;
    }
  };
  return { work, state, finish, endCleaning };
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('work that several parties wait for', () => {
  it('is done once, and all get its result and its progress', async () => {
    const { work, state, finish } = controlled();
    const [a, b] = [party(), party()];
    const task = new SharedTask(work);
    const results = [task.join(a.waiter), task.join(b.waiter)];
    await turn();
    state.report(5);
    finish('done');
    expect(await Promise.all(results)).toEqual(['done', 'done']);
    expect(state.runs).toBe(1);
    expect(a.onProgress.mock.calls).toEqual([[5]]);
    expect(b.onProgress.mock.calls).toEqual([[5]]);
  });

  it('goes on for the others when one aborts', async () => {
    const { work, state, finish } = controlled();
    const [a, b] = [party(), party()];
    const task = new SharedTask(work);
    const [first, second] = [task.join(a.waiter), task.join(b.waiter)];
    const reason = new Error('enough');
    a.abort.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect(task.abandoned).toBe(false);
    state.report(7);
    finish('done');
    expect(await second).toBe('done');
    expect(a.onProgress).not.toHaveBeenCalled();
  });

  it('is aborted with the last party, whose promise waits until it has cleaned up', async () => {
    const { work, state, endCleaning } = controlled();
    const [a, b] = [party(), party()];
    const task = new SharedTask(work);
    const [first, second] = [task.join(a.waiter), task.join(b.waiter)];
    await turn();
    a.abort.abort(new Error('a'));
    await expect(first).rejects.toThrow('a');
    b.abort.abort(new Error('b'));
    expect(task.abandoned).toBe(true);
    const settled = jest.fn();
    second.then(settled, settled);
    await turn();
    expect(settled).not.toHaveBeenCalled();
    endCleaning();
    await expect(second).rejects.toThrow('b');
    expect(state.cleaned).toBe(true);
  });

  it('fails for all with the same error', async () => {
    const task = new SharedTask<string, number>(() => Promise.reject(new Error('broken')));
    const results = await Promise.allSettled([task.join(party().waiter), task.join(party().waiter)]);
    expect(results.map((each) => each.status)).toEqual(['rejected', 'rejected']);
  });

  it('is not joined by a party that has aborted already', async () => {
    const { work, finish } = controlled();
    const task = new SharedTask(work);
    const { abort, waiter } = party();
    abort.abort(new Error('before'));
    await expect(task.join(waiter)).rejects.toThrow('before');
    finish('done');
    expect(await task.join(party().waiter)).toBe('done');
  });
});
