import assert from 'node:assert/strict';
import { showError } from '../../error-shape.js';
import { readTree } from '../../tree.js';
import { type ProvisionerCheck, unlessConnects } from '../facts.js';
import type { ProvisionerLab, StepOptions, StepRun } from '../lab.js';
import { strayOutputOf } from '../stray-output.js';
import type { ProvisionerExample } from '../subject.js';

/** Runs an example and fails when it does not succeed. */
export async function succeed(
  lab: ProvisionerLab,
  example: ProvisionerExample,
  options: StepOptions = {},
): Promise<StepRun> {
  const run = await lab.run(example, options);
  if (run.ended.kind === 'rejected') {
    const calls = run.guest.calls.map((call) => `\n  ${call}`).join('');
    assert.fail(
      `the example "${example.name}" fails: ${showError(run.ended.error)}\nIts calls of the guest:${calls}`,
    );
  }
  const { value } = run.ended;
  if (value !== undefined) {
    const { exitCode } = value;
    assert.ok(
      exitCode === undefined || Number.isInteger(exitCode),
      `"${example.name}" resolves with the exit code ${String(exitCode)}`,
    );
  }
  return run;
}

/** Words that only the guest says. */
const MARK = 'x-conformance-output';

/** What a step does when all is well. */
export const runningChecks: readonly ProvisionerCheck[] = [
  {
    id: 'examples-succeed',
    title: 'every example succeeds, and does in the guest what it says',
    async run(lab) {
      for (const example of lab.subject.examples) {
        const { fake } = await succeed(lab, example);
        await example.after?.(fake);
      }
    },
  },
  {
    id: 'session-stays-open',
    title: 'a step does not end the session, which the next step needs',
    async run(lab) {
      for (const example of lab.subject.examples) {
        const { guest } = await succeed(lab, example);
        assert.ok(!guest.calls.includes('end'), `"${example.name}" ends the session`);
      }
    },
  },
  {
    id: 'project-stays-as-it-is',
    title: 'a step writes nothing to the project, whether it succeeds or fails',
    async run(lab) {
      const before = await readTree(lab.baseDir);
      for (const example of lab.subject.examples) {
        await succeed(lab, example);
        await lab.run(example, { fault: { at: 1, how: 'fail' } });
        assert.deepEqual(await readTree(lab.baseDir), before, `"${example.name}" has changed the project`);
      }
    },
  },
  {
    id: 'steps-share-nothing',
    title: 'a step does the same when it runs again, and beside others',
    async run(lab) {
      const alone = await Promise.all(
        lab.subject.examples.map(async (each) => (await succeed(lab, each)).guest.methods),
      );
      const twice = [...lab.subject.examples, ...lab.subject.examples];
      const together = await Promise.all(twice.map(async (each) => (await succeed(lab, each)).guest.methods));
      for (const [index, { name }] of twice.entries()) {
        const wanted = alone[index % alone.length];
        assert.deepEqual(together[index], wanted, `"${name}" does something else when it runs beside others`);
      }
    },
  },
  {
    id: 'output-goes-to-the-step',
    title: 'a step prints to `ctx.output` and not to stdout, stderr or the console',
    async run(lab) {
      for (const example of lab.subject.examples) {
        const printed = await strayOutputOf(() =>
          lab.run(example, {
            // First in line, so that what the example scripts still counts.
            script: (guest) => {
              if (example.guest === undefined) guest.on(() => true, { stdout: MARK, stderr: MARK });
            },
          }),
        );
        assert.deepEqual(printed, [], `"${example.name}" prints past ctx.output`);
      }
    },
  },
  {
    id: 'output-is-slowed-down',
    title: 'a step lets the guest wait while `ctx.output` cannot keep up',
    async run(lab) {
      for (const example of lab.subject.examples) {
        for (const stream of ['stdout', 'stderr'] as const) {
          let open = false;
          let early = false;
          let shown = false;
          const slow = (): Promise<void> => {
            shown = true;
            return new Promise((resolve) => {
              setTimeout(() => {
                open = true;
                resolve();
              }, 5);
            });
          };
          const quick = (): void => undefined;
          await lab.run(example, {
            output: stream === 'stdout' ? { stdout: slow, stderr: quick } : { stdout: quick, stderr: slow },
            script: (guest) => {
              guest.on(
                () => true,
                async (_, io) => {
                  open = false;
                  shown = false;
                  await io[stream](`${MARK}\n`);
                  if (shown && !open) early = true;
                },
              );
            },
          });
          assert.ok(
            !early,
            `"${example.name}" reads on while ctx.output.${stream} is behind: return its promise from the callback of exec`,
          );
        }
      }
    },
  },
  {
    id: 'progress-is-well-formed',
    title: 'progress names what is done and to what, and never goes beyond its total',
    async run(lab) {
      for (const example of lab.subject.examples) {
        const { progress } = await succeed(lab, example);
        for (const { task, subject, done, total } of progress) {
          assert.ok(task.trim() !== '' && subject.trim() !== '', `"${example.name}": progress of nothing`);
          assert.ok(Number.isFinite(done) && done >= 0, `"${example.name}": ${done} bytes are done`);
          if (total !== undefined)
            assert.ok(done <= total, `"${example.name}": ${done} of ${total} bytes are done`);
        }
      }
    },
  },
  {
    id: 'secrets-are-announced',
    title: 'a secret is handed to `ctx.redact` before anything is said or done',
    skip: ({ secrets }) => (secrets ? undefined : 'no example has secrets'),
    async run(lab) {
      for (const example of lab.subject.examples) {
        const { secrets = [] } = example;
        if (secrets.length === 0) continue;
        /** A guest that repeats whatever it is given. */
        const echo: StepOptions['script'] = (guest) =>
          void guest.on(
            () => true,
            async ({ line, env, stdin }, io) => {
              await io.stdout(`${line}\n${JSON.stringify(env)}\n`);
              await io.stderr(stdin);
            },
          );
        for (const fault of [undefined, { at: 1, how: 'fail' }, { at: 1, how: 'lose' }] as const) {
          const { said } = await lab.run(example, {
            script: echo,
            ...(fault === undefined ? {} : { fault }),
          });
          for (const [index, secret] of secrets.entries()) {
            const announced = said.findIndex(({ to, text }) => to === 'redact' && text === secret);
            assert.ok(announced >= 0, `"${example.name}" never hands secret ${index + 1} to ctx.redact`);
            const leak = said
              .slice(0, announced)
              .find(({ to, text }) => to !== 'redact' && text.includes(secret));
            assert.ok(
              leak === undefined,
              `"${example.name}" shows a secret in its ${leak?.to} before ctx.redact`,
            );
          }
        }
      }
    },
  },
  {
    id: 'examples-succeed-on-a-real-guest',
    title: 'every example succeeds on the guest of the subject',
    skip: unlessConnects,
    async run(lab) {
      await lab.onRealGuest((example, session) => succeed(lab, example, { session }));
    },
  },
];
