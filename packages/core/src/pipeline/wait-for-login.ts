import { stripVTControlCharacters } from 'node:util';
import { openHostKeys } from '../guest/known-hosts.js';
import { loginKeys } from '../guest/login-keys.js';
import { type ReadyGuest, waitUntilReady } from '../guest/readiness.js';
import { openRegular } from '../host/regular-file.js';
import type { HypervisorContext, VmHandle } from '../hypervisor/contract.js';
import { workDirFiles } from '../state/work-dir-files.js';
import type { StageServices } from './stage-services.js';

export interface WaitForLoginOptions {
  readonly handle: VmHandle;
  readonly user: string;
  /** The private key that was chosen for the VM, before those that are tried by themselves. */
  readonly declaredKey: string | undefined;
  readonly timeoutMs: number;
  readonly host: Pick<StageServices, 'router' | 'homeDir' | 'env'>;
  readonly context: HypervisorContext;
}

/**
 * Waits until a guest can be logged in to and its cloud-init has finished. The caller ends the session.
 *
 * @throws what `waitUntilReady` throws
 */
export async function waitForLogin(options: WaitForLoginOptions): Promise<ReadyGuest> {
  const { handle, user, declaredKey, timeoutMs, host, context } = options;
  const files = workDirFiles(handle.work_dir);
  return waitUntilReady({
    vm: handle.name,
    user,
    keys: await loginKeys({
      declaredKey,
      generatedKey: files.privateKey,
      homeDir: host.homeDir,
      agentSocket: host.env['SSH_AUTH_SOCK'],
    }),
    hostKeys: await openHostKeys(files.knownHosts, handle.name),
    address: () => host.router.guestAddress(handle, context),
    processState: () => host.router.state(handle, context),
    consoleTail: () => consoleTail(files.consoleLog),
    timeoutMs,
    signal: context.signal,
    events: context.events,
    log: context.log.child('ready'),
  });
}

const TAIL_BYTES = 4096;
const TAIL_LINES = 10;

/** The last lines of the console, for the error of a guest that does not come up. */
async function consoleTail(path: string): Promise<string> {
  try {
    await using file = await openRegular(path);
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start);
    // Firmware and boot loaders move the cursor and clear the screen.
    const text = stripVTControlCharacters(buffer.toString('utf8', 0, bytesRead));
    const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
    return lines.slice(-TAIL_LINES).join('\n');
  } catch {
    return '';
  }
}
