import { readFile } from 'node:fs/promises';
import type { PluginHost, ProcessIdentity, VmHandle } from '@vmctl/core/plugin';
import { filesOf } from './work-files.js';

/**
 * The QEMU of a VM, or undefined when it does not run.
 *
 * A number alone says little: it may belong to another process by now. One that stands in the handle has its start time
 * with it. The pidfile is asked after that, for the vmctl that was killed before it could save the handle; its process
 * counts when it was started with this very pidfile.
 */
export async function findProcess(
  { processes }: Pick<PluginHost, 'processes'>,
  vm: VmHandle,
): Promise<ProcessIdentity | undefined> {
  if (vm.pid !== null && typeof vm.pid_start_time === 'string') {
    const saved = { pid: vm.pid, startTime: vm.pid_start_time };
    if (await processes.isAlive(saved)) return saved;
  }
  const { pidFile } = filesOf(vm);
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const found = await processes.identify(pid);
  if (found === undefined) return undefined;
  const command = await processes.commandLine(found);
  return command?.includes(pidFile) === true ? found : undefined;
}
