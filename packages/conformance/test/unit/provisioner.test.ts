import { describe, expect, it } from '@jest/globals';
import type { ProvisionContext, Provisioner, VmFileNode } from '@vmctl/core/plugin';
import { provisionerConformance, type ProvisionerSubject } from '../../src/index.js';
import { RecordingRunner } from '../support/recording-runner.js';

interface Motd {
  readonly text: string;
  readonly file: string | null;
  readonly token: string | null;
}

/** A correct provisioner. */
const motd: Provisioner<Motd> = {
  type: 'motd',
  decode: (node) => ({
    text: node.string('text', { required: true }) ?? '',
    file: node.path('file') ?? null,
    token: node.string('token') ?? null,
  }),
  inputs: async ({ file }) => (file === null ? [] : [{ kind: 'file', path: file }]),
  run: async ({ text, token }, ctx) => {
    if (token !== null) ctx.redact(token);
    const { guest, signal, output } = ctx;
    await guest.writeFile('/etc/motd', text, { signal });
    const { exitCode } = await guest.exec(['motd-reload', token ?? ''], {
      signal,
      onStdout: (chunk) => output.stdout(chunk),
      onStderr: (chunk) => output.stderr(chunk),
    });
    if (exitCode !== 0) throw ctx.error('MOTD_FAILED', { message: 'motd-reload failed.' });
  },
};

const subject = (provisioner: Provisioner<Motd>): ProvisionerSubject => ({
  provisioner,
  files: { 'welcome.txt': 'Hello\n' },
  examples: [
    { name: 'a text', vmfile: 'provision "motd" text="Hello" token="hunter2"', secrets: ['hunter2'] },
    {
      name: 'a file',
      vmfile: 'provision "motd" { text "Hello"; file "welcome.txt" }',
      dependsOn: ['welcome.txt'],
    },
    {
      name: 'the same file',
      vmfile: 'provision "motd" text="Hi" file="welcome.txt"',
      dependsOn: ['welcome.txt'],
    },
  ],
  invalid: [{ name: 'no text', vmfile: 'provision "motd"', message: 'needs "text"' }],
});

async function define(provisioner: Provisioner<Motd>): Promise<RecordingRunner> {
  const runner = new RecordingRunner();
  await provisionerConformance(runner, subject(provisioner));
  return runner;
}

/** The correct one, with another `run`. */
const runs = (run: (config: Motd, ctx: ProvisionContext) => Promise<void>): Provisioner<Motd> => ({
  ...motd,
  run,
});
/** The correct one in a context of which something is different. */
const within = (change: (ctx: ProvisionContext) => Partial<ProvisionContext>): Provisioner<Motd> =>
  runs(async (config, ctx) => void (await motd.run(config, { ...ctx, ...change(ctx) })));
const decodes = (decode: (node: VmFileNode) => Motd): Provisioner<Motd> => ({ ...motd, decode });

let count = 0;

const defects: readonly [name: string, check: string, says: RegExp, provisioner: Provisioner<Motd>][] = [
  ['has a type of capitals', 'type-is-the-plugins', /a type is a word/, { ...motd, type: 'MOTD' }],
  [
    'has a class in its configuration',
    'configuration-is-data',
    /does not survive JSON/,
    decodes((node) => ({ ...motd.decode(node), made: new Date() })),
  ],
  [
    'counts what it decodes',
    'decode-is-pure',
    /decoding twice/,
    decodes((node) => ({ ...motd.decode(node), text: String((count += 1)) })),
  ],
  [
    'throws for what is invalid',
    'invalid-nodes-are-refused',
    /decode throws/,
    decodes((node) => {
      if (!node.has('text')) throw new Error('no text');
      return motd.decode(node);
    }),
  ],
  [
    'takes any setting',
    'unknown-settings-are-refused',
    /is accepted/,
    decodes((node) => (node.children('x-conformance').map((each) => each.argument(0)), motd.decode(node))),
  ],
  [
    'has relative paths for inputs',
    'inputs-are-data',
    /is not absolute/,
    { ...motd, inputs: async () => [{ kind: 'file', path: 'welcome.txt' }] },
  ],
  ['has no inputs', 'inputs-notice-changes', /does not notice/, { ...motd, inputs: async () => [] }],
  [
    'ends the session',
    'session-stays-open',
    /ends the session/,
    runs(async (config, ctx) => {
      await motd.run(config, ctx);
      await ctx.guest.end();
    }),
  ],
  [
    'prints by itself',
    'output-goes-to-the-step',
    /prints past ctx\.output/,
    runs(async (config, ctx) => {
      await motd.run(config, ctx);
      process.stdout.write('');
    }),
  ],
  [
    'does not wait for its output',
    'output-is-slowed-down',
    /reads on while/,
    within(({ output }) => ({
      output: {
        stdout: (chunk) => void output.stdout(chunk),
        stderr: (chunk) => void output.stderr(chunk),
      },
    })),
  ],
  [
    'says a secret before it is known as one',
    'secrets-are-announced',
    /shows a secret in its log/,
    runs(async (config, ctx) => {
      ctx.log.debug(`token ${config.token}`);
      await motd.run(config, ctx);
    }),
  ],
  [
    'does not look at exit codes',
    'failing-calls-fail-the-step',
    /succeeds all the same/,
    runs(async ({ text }, { guest, signal }) => {
      await guest.writeFile('/etc/motd', text, { signal });
      await guest.exec('motd-reload', { signal });
    }),
  ],
  [
    'passes over a lost connection',
    'lost-connection-fails-the-step',
    /succeeds all the same/,
    runs(async (config, ctx) => void (await Promise.resolve(motd.run(config, ctx)).catch(() => undefined))),
  ],
  [
    'does not hand on the signal of the step',
    'aborted-before-run',
    /succeeds although it was aborted/,
    within(() => ({ signal: new AbortController().signal })),
  ],
  [
    'hides why it was aborted',
    'abort-at-each-guest-call',
    /must reject with the reason/,
    runs(async (config, ctx) => {
      await Promise.resolve(motd.run(config, ctx)).catch(() => {
        throw ctx.error('MOTD_FAILED', { message: 'It failed.' });
      });
    }),
  ],
  [
    'reports more than there is',
    'progress-is-well-formed',
    /2 of 1 bytes/,
    runs(async (config, ctx) => {
      ctx.progress({ task: 'upload', subject: 'motd', done: 2, total: 1 });
      await motd.run(config, ctx);
    }),
  ],
];

describe('a correct provisioner', () => {
  it('passes every check, and only what it is not tried with is skipped', async () => {
    const runner = await define(motd);
    const failures = [];
    for (const id of runner.ids) {
      const verdict = await runner.run(id);
      if (verdict.status !== 'passed') failures.push({ id, verdict });
    }
    expect(failures).toEqual([]);
    expect(runner.skippedIds).toEqual(['examples-succeed-on-a-real-guest', 'abort-on-a-real-guest']);
  });
});

describe('the checks of a provisioner', () => {
  it.each(defects)('catch one that %s, by %s', async (_, check, says, provisioner) => {
    const verdict = await (await define(provisioner)).run(check);
    expect(verdict).toMatchObject({ status: 'failed', error: { message: expect.stringMatching(says) } });
  });
});
