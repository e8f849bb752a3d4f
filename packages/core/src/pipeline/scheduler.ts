import { VmctlError } from '../errors/vmctl-error.js';

/** How far a VM is; what others may wait for. */
export const MILESTONES = ['started', 'ready', 'provisioned'] as const;
export type Milestone = (typeof MILESTONES)[number];

/** The work for one VM. */
export interface VmTask<R> {
  readonly name: string;
  /** Dependencies on VMs that are not part of this run are taken as met. */
  readonly dependsOn: readonly { readonly vm: string; readonly until: Milestone }[];
  /** Does the work, and says when a milestone is reached. One that is not reached by the end never is. */
  run(reached: (milestone: Milestone) => void): Promise<R>;
}

/** How a task ended. */
export type TaskOutcome<R> =
  | { readonly status: 'fulfilled'; readonly name: string; readonly value: R }
  | { readonly status: 'rejected'; readonly name: string; readonly error: unknown }
  /** Never ran: a dependency failed, or the run was aborted first. */
  | { readonly status: 'blocked'; readonly name: string; readonly by: string; readonly error: Error };

/**
 * Runs the work for all VMs: at most `parallel` at a time, each after what it depends on. A VM that waits for
 * another holds no place. The failure of one stops only those that depend on it.
 */
export async function schedule<R>(
  tasks: readonly VmTask<R>[],
  options: { readonly parallel: number; readonly signal: AbortSignal },
): Promise<TaskOutcome<R>[]> {
  const progress = new Map(tasks.map((task) => [task.name, new Progress()]));
  const places = new Places(options.parallel);
  return Promise.all(
    tasks.map(async (task): Promise<TaskOutcome<R>> => {
      const { name } = task;
      const own = progress.get(name);
      try {
        for (const { vm, until } of task.dependsOn) {
          if (await progress.get(vm)?.until(until)) continue;
          options.signal.throwIfAborted();
          if (progress.has(vm)) {
            own?.fail();
            return { status: 'blocked', name, by: vm, error: blocked(name, vm, until) };
          }
        }
        return await places.hold(async () => {
          options.signal.throwIfAborted();
          const value = await task.run((milestone) => own?.reach(milestone));
          return { status: 'fulfilled', name, value };
        });
      } catch (error) {
        return { status: 'rejected', name, error };
      } finally {
        own?.fail();
      }
    }),
  );
}

function blocked(name: string, by: string, until: Milestone): VmctlError {
  return new VmctlError('VMCTL_DEPENDENCY_FAILED', {
    message: `${name} was not started: it depends on ${by}, which was not ${until}.`,
    hint: `Mend ${by} first, then run \`vmctl up\` again.`,
    details: { vm: name, dependency: by, until },
  });
}

/** The milestones of one VM, as promises of whether they are reached. */
class Progress {
  readonly #milestones = MILESTONES.map((milestone) => ({
    milestone,
    ...Promise.withResolvers<boolean>(),
  }));

  /** A later milestone includes the earlier ones. */
  reach(milestone: Milestone): void {
    const last = MILESTONES.indexOf(milestone);
    this.#milestones.forEach(({ resolve }, index) => {
      if (index <= last) resolve(true);
    });
  }

  /** What is not reached by now never will be. */
  fail(): void {
    for (const { resolve } of this.#milestones) resolve(false);
  }

  until(milestone: Milestone): Promise<boolean> {
    return this.#milestones[MILESTONES.indexOf(milestone)]?.promise ?? Promise.resolve(false);
  }
}

/** A counted number of places; first come, first served. */
class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async hold<R>(work: () => Promise<R>): Promise<R> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
