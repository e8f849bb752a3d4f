import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type {
  GuestSession,
  Logger,
  ProvisionContext,
  Provisioner,
  ProvisionOutcome,
  StepProgress,
} from '@vmctl/core/plugin';
import {
  createProvisionContext,
  createRealHost,
  decodeStep,
  type Decoded,
  FakeGuestSession,
} from '@vmctl/core/testing';
import { type Outcome, outcomeOf, within } from '../bounded.js';
import type { CheckLab } from '../check.js';
import { provisionerOf } from '../contribution.js';
import type { ProvisionerExample, ProvisionerSubject } from './subject.js';
import { type GuestFault, WatchedGuest } from './watched-guest.js';

/** Something that a step said, in the order it came. */
export interface Said {
  readonly to: 'output' | 'log' | 'progress' | 'error' | 'redact';
  readonly text: string;
}

/** A run of a step. */
export interface StepRun {
  readonly outcome: Promise<Outcome<ProvisionOutcome | void>>;
  readonly guest: WatchedGuest;
  readonly fake: FakeGuestSession;
  readonly said: readonly Said[];
  readonly progress: readonly StepProgress[];
}

/** How a step is run; by default against a fake guest that does what the example says. */
export interface StepOptions {
  readonly signal?: AbortSignal;
  readonly fault?: GuestFault;
  readonly session?: GuestSession;
  /** Scripts the fake guest, after the example has. */
  readonly script?: (guest: FakeGuestSession) => void;
  readonly output?: ProvisionContext['output'];
}

/** Longer than an abort may take, in milliseconds; core waits ten seconds. */
export const ABORT_MS = 10_000;
const STEP_MS = 60_000;

/** A project, and instances of the provisioner. */
export class ProvisionerLab implements CheckLab {
  readonly subject: ProvisionerSubject;
  /** Directory of the VMFile. */
  readonly baseDir: string;
  readonly provisioner: Provisioner;
  readonly #directory: string;

  private constructor(subject: ProvisionerSubject, directory: string, provisioner: Provisioner) {
    this.subject = subject;
    this.#directory = directory;
    this.baseDir = join(directory, 'project');
    this.provisioner = provisioner;
  }

  static async open(subject: ProvisionerSubject): Promise<ProvisionerLab> {
    const directory = await mkdtemp(join(await realpath(tmpdir()), 'vmctl-conformance-'));
    try {
      const lab = new ProvisionerLab(subject, directory, await createProvisioner(subject, directory));
      await mkdir(lab.baseDir, { mode: 0o700 });
      for (const [path, content] of Object.entries(subject.files ?? {})) await lab.write(path, content);
      return lab;
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Writes a file of the project. */
  async write(path: string, content: string): Promise<void> {
    const target = join(this.baseDir, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }

  /** Reads a node with vmctl's parser and lets the provisioner decode it. */
  decode(text: string): Promise<Decoded<unknown>> {
    return decodeStep(text, this.provisioner, { baseDir: this.baseDir, homeDir: this.#directory });
  }

  /** The configuration of an example; fails when it is not accepted. */
  async config({ name, vmfile }: ProvisionerExample): Promise<unknown> {
    const { value, problems } = await this.decode(vmfile);
    const shown = problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
    assert.deepEqual(shown, [], `the example "${name}" is refused`);
    return value;
  }

  /** Does something with each example on the guest of the subject, which each reaches by a session of its own. */
  async onRealGuest(
    work: (example: ProvisionerExample, session: GuestSession) => Promise<unknown>,
  ): Promise<void> {
    for (const example of this.subject.examples) {
      const connection = await this.subject.connect?.();
      if (connection === undefined) return;
      try {
        await work(example, connection.guest);
      } finally {
        await connection.end();
      }
    }
  }

  /** Starts a step; `outcome` never rejects. */
  async begin(example: ProvisionerExample, options: StepOptions = {}): Promise<StepRun> {
    const config = await this.config(example);
    const fake = new FakeGuestSession();
    example.guest?.(fake);
    options.script?.(fake);
    const guest = new WatchedGuest(options.session ?? fake, {
      ...(options.fault === undefined ? {} : { fault: options.fault }),
      ...(example.mayFail === undefined ? {} : { mayFail: example.mayFail }),
    });
    const said: Said[] = [];
    const progress: StepProgress[] = [];
    const context = this.#context({ ...options, guest, said, progress });
    // Async, so that a provisioner that throws at once rejects as well.
    const outcome = outcomeOf((async () => this.provisioner.run(config, context))());
    return { outcome, guest, fake, said, progress };
  }

  /** Runs a step to its end. */
  async run(
    example: ProvisionerExample,
    options: StepOptions = {},
  ): Promise<StepRun & { readonly ended: Outcome<ProvisionOutcome | void> }> {
    const run = await this.begin(example, options);
    return { ...run, ended: await within(`the step "${example.name}"`, STEP_MS, run.outcome) };
  }

  async close(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  #context(parts: {
    readonly guest: GuestSession;
    readonly signal?: AbortSignal;
    readonly output?: ProvisionContext['output'];
    readonly said: Said[];
    readonly progress: StepProgress[];
  }): ProvisionContext {
    const { said, progress } = parts;
    const say = (to: Said['to'], text: string): void => void said.push({ to, text });
    const base = createProvisionContext({
      baseDir: this.baseDir,
      ...(parts.signal === undefined ? {} : { signal: parts.signal }),
    });
    const log: Logger = {
      debug: (...words) => say('log', words.map(String).join(' ')),
      child: () => log,
    };
    return {
      ...base,
      guest: parts.guest,
      log,
      output: {
        stdout: (chunk) => {
          say('output', Buffer.from(chunk).toString());
          return parts.output?.stdout(chunk);
        },
        stderr: (chunk) => {
          say('output', Buffer.from(chunk).toString());
          return parts.output?.stderr(chunk);
        },
      },
      progress: (each) => {
        say('progress', `${each.task} ${each.subject}`);
        progress.push(each);
      },
      redact: (secret) => say('redact', secret),
      error: (code, options) => {
        say('error', [options.message, options.hint, JSON.stringify(options.details)].join('\n'));
        return base.error(code, options);
      },
    };
  }
}

/** A provisioner, as vmctl makes it. */
export async function createProvisioner(
  subject: ProvisionerSubject,
  directory: string,
): Promise<Provisioner> {
  if ('provisioner' in subject) return subject.provisioner;
  return provisionerOf(subject.plugin, subject.type, createRealHost({ directory }));
}
