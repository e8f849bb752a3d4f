import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestSession, Provisioner, VmctlEventBody } from '@vmctl/core/plugin';
import { runSteps } from '../../../core/src/provisioner/step-runner.js';
import { silent } from '../../../core/test/support/guest.js';
import { file } from '../../src/file.js';
import { shell } from '../../src/shell.js';
import { decodeStep } from './vmfile.js';

const provisioners: Readonly<Record<string, Provisioner>> = { shell, file };

export interface RunStepOptions {
  readonly guest: GuestSession;
  /** Directory of the VMFile, and of provision.log. */
  readonly directory: string;
  /** Settings of the `provision` node, as they are written in a VMFile. */
  readonly settings: string;
  readonly type?: string;
  readonly name?: string;
  readonly signal?: AbortSignal;
  /** Is told every event. */
  readonly onEvent?: (event: VmctlEventBody) => void;
}

/** Runs one step as `vmctl up` does: from the text of a VMFile to provision.log. */
export async function runStep(options: RunStepOptions): Promise<void> {
  const { guest, directory, settings, type = 'shell', name = 'step' } = options;
  const config = await decodeStep(`provision "${type}" { ${settings} }`, directory);
  await runSteps({
    vm: { name: 'web', id: 'noop-1', hostname: 'web' },
    steps: [{ type, name, run: 'always', config }],
    provisioners: async (wanted) => provisioners[wanted] ?? Promise.reject(new Error(wanted)),
    guest,
    baseDir: directory,
    logPath: join(directory, 'provision.log'),
    records: {},
    saveRecord: async () => {},
    events: { emit: (event) => options.onEvent?.(event) },
    signal: options.signal ?? new AbortController().signal,
    log: silent,
  });
}

/** What the steps printed, by provision.log. */
export async function outputOf(directory: string): Promise<string> {
  const log = await readFile(join(directory, 'provision.log'), 'utf8');
  return log.replaceAll(/^(==>|<==) .*\n/gm, '');
}
