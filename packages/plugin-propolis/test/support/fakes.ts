import { afterEach } from '@jest/globals';
import type { PluginHost, VmHandle } from '@vmctl/core/plugin';
import { createRealHost } from '@vmctl/core/testing';
import { PropolisClient, type PropolisClientOptions } from '../../src/api/client.js';
import { ensureRequest } from '../../src/spec/instance-spec.js';
import { FakePropolisServer, type FakePropolisServerOptions } from '../../src/testing.js';

/** Makes errors as core does. */
export const makeError: PluginHost['error'] = createRealHost({ directory: '/nonexistent' }).error;

export const VM_UUID = '1f2e3d4c-5b6a-4789-8abc-0123456789ab';

/** A handle as vms.json has it. */
export function propolisHandle(changes: Partial<VmHandle> = {}): VmHandle {
  const { work_dir = '/vms/web' } = changes;
  return {
    id: `propolis-${VM_UUID}`,
    name: 'web',
    backend: 'propolis',
    work_dir,
    overlay_path: '/dev/zvol/rdsk/rpool/vmctl/vms/web',
    seed_iso_path: `${work_dir}/seed.iso`,
    pid: null,
    qmp_socket: null,
    console_socket: null,
    vnc_addr: null,
    vcpus: 2,
    memory_mb: 2048,
    disk_gb: 20,
    network: { type: 'vnic' },
    ssh_host_port: null,
    mac_addr: '02:08:20:ab:cd:ef',
    uefi: true,
    ...changes,
  };
}

/** The request for a VM with everything that there can be. */
export function anEnsureRequest(changes: Partial<VmHandle> = {}) {
  return ensureRequest(makeError, propolisHandle(changes), {
    diskPath: '/dev/zvol/rdsk/rpool/vmctl/vms/web',
    vnicName: 'vmctl7',
  });
}

/** Servers that are closed after each test. */
export function useFakeServers() {
  const servers: FakePropolisServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server[Symbol.asyncDispose]()));
  });
  const lab = {
    async server(options: FakePropolisServerOptions = {}): Promise<FakePropolisServer> {
      const server = await FakePropolisServer.listen(options);
      servers.push(server);
      return server;
    },
    client(server: FakePropolisServer, options: Partial<PropolisClientOptions> = {}): PropolisClient {
      return new PropolisClient({ address: server.address, error: makeError, vm: 'web', ...options });
    },
    /** A server with a VM that runs. */
    async running(options: FakePropolisServerOptions = {}): Promise<FakePropolisServer> {
      const server = await lab.server(options);
      const client = lab.client(server);
      const waiting = { signal: new AbortController().signal, timeoutMs: 30_000 };
      await client.ensure(anEnsureRequest(), waiting);
      await client.requestState('Run', waiting);
      for (let gen = 1; server.state !== 'Running';)
        gen = ((await client.monitor(gen, waiting))?.gen ?? gen) + 1;
      return server;
    },
  };
  return lab;
}
