import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { schedule, type Milestone, type VmTask } from '../../../src/pipeline/scheduler.js';

const signal = new AbortController().signal;

function task(
  name: string,
  run: (reached: (milestone: Milestone) => void) => Promise<void>,
  dependsOn: VmTask<void>['dependsOn'] = [],
): VmTask<void> {
  return { name, dependsOn, run };
}

/** Lets every promise that can settle do so. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('schedule', () => {
  it('runs independent VMs at the same time', async () => {
    let running = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await turn();
      running--;
    };
    await schedule([task('a', work), task('b', work), task('c', work)], { parallel: 3, signal });
    expect(most).toBe(3);
  });

  it('never runs more than `parallel` at a time', async () => {
    let running = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await turn();
      running--;
    };
    const tasks = Array.from({ length: 300 }, (_, index) => task(`vm${index}`, work));
    const outcomes = await schedule(tasks, { parallel: 7, signal });
    expect(most).toBe(7);
    expect(outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
  });

  it('starts a VM when the one it depends on reaches the milestone, not when it ends', async () => {
    const order: string[] = [];
    const release = Promise.withResolvers<void>();
    const running = schedule(
      [
        task('web', async () => void order.push('web'), [{ vm: 'db', until: 'ready' }]),
        task('db', async (reached) => {
          reached('started');
          await turn();
          order.push('db ready');
          reached('ready');
          await release.promise;
          order.push('db done');
        }),
      ],
      { parallel: 4, signal },
    );
    await turn();
    await turn();
    await turn();
    expect(order).toEqual(['db ready', 'web']);
    release.resolve();
    await running;
  });

  it('does not let a waiting VM hold a place that its dependency needs', async () => {
    const outcomes = await schedule(
      [
        task('web', async () => {}, [{ vm: 'db', until: 'provisioned' }]),
        task('db', async (reached) => reached('provisioned')),
      ],
      { parallel: 1, signal },
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });

  it('blocks what depends on a failed VM, transitively, and lets the others go on', async () => {
    const outcomes = await schedule(
      [
        task('db', () => Promise.reject(new Error('no disk'))),
        task('web', async () => {}, [{ vm: 'db', until: 'ready' }]),
        task('proxy', async () => {}, [{ vm: 'web', until: 'started' }]),
        task('mail', async () => {}),
      ],
      { parallel: 4, signal },
    );
    expect(outcomes.map(({ name, status }) => [name, status])).toEqual([
      ['db', 'rejected'],
      ['web', 'blocked'],
      ['proxy', 'blocked'],
      ['mail', 'fulfilled'],
    ]);
  });

  it('blocks what depends on a VM that ended without reaching the milestone', async () => {
    const outcomes = await schedule(
      [
        task('db', async (reached) => reached('started')),
        task('web', async () => {}, [{ vm: 'db', until: 'ready' }]),
      ],
      { parallel: 4, signal },
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'blocked']);
  });

  it('lets a VM start whose dependency reached the milestone and failed later', async () => {
    const outcomes = await schedule(
      [
        task('db', async (reached) => {
          reached('ready');
          throw new Error('provisioning failed');
        }),
        task('web', async () => {}, [{ vm: 'db', until: 'ready' }]),
      ],
      { parallel: 4, signal },
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });

  it('takes a dependency outside of the run as met', async () => {
    const [outcome] = await schedule([task('web', async () => {}, [{ vm: 'db', until: 'ready' }])], {
      parallel: 1,
      signal,
    });
    expect(outcome?.status).toBe('fulfilled');
  });

  it('starts nothing more after an abort', async () => {
    const controller = new AbortController();
    const started: string[] = [];
    const outcomes = await schedule(
      [
        task('a', async () => {
          started.push('a');
          controller.abort(new Error('stop'));
        }),
        task('b', async () => void started.push('b')),
      ],
      { parallel: 1, signal: controller.signal },
    );
    expect(started).toEqual(['a']);
    expect(outcomes[1]?.status).toBe('rejected');
  });

  it('says of what waited that it was interrupted, not that a dependency failed', async () => {
    const controller = new AbortController();
    const reason = new Error('Ctrl-C');
    const outcomes = await schedule(
      [
        task('db', async () => {
          controller.abort(reason);
          throw reason;
        }),
        task('web', async () => {}, [{ vm: 'db', until: 'ready' }]),
      ],
      { parallel: 4, signal: controller.signal },
    );
    expect(outcomes[1]).toMatchObject({ status: 'rejected', error: reason });
  });

  it('ends for every acyclic graph, with each VM after what it depends on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        async (graph, parallel) => {
          const done = new Set<string>();
          const tasks = graph.map((dependencies, index) => {
            const names = index === 0 ? [] : dependencies.map((each) => `vm${each % index}`);
            return task(
              `vm${index}`,
              async (reached) => {
                expect(names.every((name) => done.has(name))).toBe(true);
                await turn();
                done.add(`vm${index}`);
                reached('provisioned');
              },
              names.map((vm) => ({ vm, until: 'provisioned' })),
            );
          });
          const outcomes = await schedule(tasks, { parallel, signal });
          expect(outcomes.filter(({ status }) => status !== 'fulfilled')).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
});
