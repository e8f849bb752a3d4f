import { open } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { openHostKeys } from '../guest/known-hosts.js';
import { loginKeys } from '../guest/login-keys.js';
import { waitUntilReady } from '../guest/readiness.js';
import type { UpContext } from '../plugins/up-context.js';
import { workDirFiles } from '../state/work-dir-files.js';
import { declaredKey } from './login.js';
import type { StageServices } from './stage-services.js';
import { handleOf } from './start-stage.js';

/** Waits until the guest can be worked with, and leaves a session for the steps. */
export async function waitForGuest(ctx: UpContext, services: StageServices): Promise<void> {
  const { definition, signal, events, log } = ctx;
  const handle = handleOf(ctx);
  const hypervisorContext = { signal, log: log.child('hypervisor'), events };
  const address = await services.router.guestAddress(handle, hypervisorContext);
  if (address.kind === 'none' && handle.network.type !== 'tap') {
    ctx.detail = `running; ${address.reason}`;
    return;
  }
  if (definition.cloudInit === undefined && !definition.ssh.declared) {
    ctx.detail = 'running; the VMFile says nothing about logging in';
    return;
  }
  const files = workDirFiles(handle.work_dir);
  const { session, detail } = await waitUntilReady({
    vm: definition.name,
    user: services.login.user ?? definition.ssh.user,
    keys: await loginKeys({
      declaredKey: await declaredKey(definition, services.login),
      generatedKey: files.privateKey,
      homeDir: services.homeDir,
      agentSocket: services.env['SSH_AUTH_SOCK'],
    }),
    hostKeys: await openHostKeys(files.knownHosts, definition.name),
    address: () => services.router.guestAddress(handle, hypervisorContext),
    processState: () => services.router.state(handle, hypervisorContext),
    consoleTail: () => consoleTail(files.consoleLog),
    timeoutMs: definition.ssh.timeoutSeconds * 1000,
    signal,
    events,
    log: log.child('ready'),
  });
  ctx.guest = session;
  ctx.detail = detail;
}

const TAIL_BYTES = 4096;
const TAIL_LINES = 10;

/** The last lines of the console, for the error of a guest that does not come up. */
async function consoleTail(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
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
