import type { ProvisionContext } from '@vmctl/core/plugin';
import { VmctlError } from '../../../core/src/errors/vmctl-error.js';
import { createLogger } from '../../../core/src/host/logger.js';
import { FakeGuestSession } from '../../../core/src/testing/fake-guest-session.js';

/** A context as the runner makes it, that remembers what a provisioner says. */
export interface TestContext extends ProvisionContext {
  readonly guest: FakeGuestSession;
  readonly said: { stdout: string; stderr: string };
  readonly transfers: Parameters<ProvisionContext['progress']>[0][];
}

export function createContext(
  options: Partial<Pick<TestContext, 'guest' | 'step' | 'baseDir' | 'signal'>> = {},
): TestContext {
  const said = { stdout: '', stderr: '' };
  const transfers: TestContext['transfers'] = [];
  return {
    vm: { name: 'web', id: 'noop-1', hostname: 'web' },
    step: { index: 1, count: 2, name: 'packages' },
    guest: new FakeGuestSession(),
    baseDir: '/project',
    signal: new AbortController().signal,
    output: {
      stdout: (chunk) => void (said.stdout += Buffer.from(chunk).toString()),
      stderr: (chunk) => void (said.stderr += Buffer.from(chunk).toString()),
    },
    progress: (progress) => void transfers.push(progress),
    redact: () => undefined,
    log: createLogger('vmctl:test', { patterns: '' }),
    error: (code, more) => new VmctlError(code, more),
    said,
    transfers,
    ...options,
  };
}
