import type { PluginHost } from '@vmctl/core/plugin';
import type { PropolisClient } from '../api/client.js';
import { openSerial, type SerialStream } from './serial-stream.js';

/**
 * Opens the console of the VM that a server has: for `openConsole` of the backend. Any number can be open at a time.
 *
 * @param options.replay - begin with what the guest has written since its boot, as far as the server has it
 * @throws VMCTL_PROPOLIS_NO_INSTANCE when the server has no VM
 * @throws VMCTL_PROPOLIS_SERIAL when the console cannot be opened; what {@link PropolisClient.instance} throws
 */
export async function openConsoleStream(
  client: PropolisClient,
  options: {
    readonly error: PluginHost['error'];
    readonly vm: string;
    readonly replay: boolean;
    readonly signal: AbortSignal;
  },
): Promise<SerialStream> {
  const { error, vm, replay, signal } = options;
  // Without a VM the server opens the console all the same, and drops it at once.
  if ((await client.instance({ signal })) === undefined) {
    throw error('VMCTL_PROPOLIS_NO_INSTANCE', {
      message: `The propolis-server of ${vm} has no VM, and so no console.`,
      hint: `Start it: vmctl start ${vm}`,
      details: { vm },
    });
  }
  const version = await client.version({ signal });
  const { address } = client;
  return openSerial({ address, version, error, vm, signal, offset: replay ? { fromStart: 0 } : undefined });
}
