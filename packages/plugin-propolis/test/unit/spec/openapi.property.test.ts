import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import type { VmHandle } from '@vmctl/core/plugin';
import fc from 'fast-check';
import { newHandle } from '../../../../core/src/hypervisor/new-handle.js';
import { machineDefaults } from '../../../../core/src/pipeline/machine-defaults.js';
import { vmWith } from '../../../../core/test/support/vmfile.js';
import { openConsoleStream } from '../../../src/serial/console-stream.js';
import { ensureRequest } from '../../../src/spec/instance-spec.js';
import { SUPPORTS } from '../../../src/supports.js';
import { acceptSpec } from '../../../src/testing/spec-rules.js';
import { anEnsureRequest, makeError, useFakeServers } from '../../support/fakes.js';
import { describeWithOpenApi } from '../../support/openapi.js';

const lab = useFakeServers();

/** The settings of a VM as a VMFile has them, each there or not; what this backend refuses is not among them. */
const settings = fc
  .record(
    {
      firmware: fc.constant('firmware "uefi"'),
      vcpus: fc.integer({ min: 1, max: 32 }).map((count) => `vcpus ${count}`),
      memory: fc.oneof(
        fc.integer({ min: 1, max: 2 ** 21 }).map((size) => `memory ${size}`),
        fc.integer({ min: 1, max: 2048 }).map((size) => `memory "${size}GiB"`),
      ),
      disk: fc.integer({ min: 1, max: 10_000 }).map((size) => `disk ${size}`),
      backend: fc.constant('backend "propolis"'),
      network: fc.oneof(
        fc.constantFrom('network "vnic"', 'network "none"'),
        fc.stringMatching(/^[a-z][a-z_]{0,20}[0-9]$/).map((link) => `network "vnic" name="${link}"`),
      ),
      cloudInit: fc.constantFrom('cloud-init', 'cloud-init { hostname "web1" }'),
      ssh: fc.constantFrom('ssh { user "ubuntu" }', 'ssh { timeout 60 }'),
    },
    { requiredKeys: [] },
  )
  .map((lines) => Object.values(lines).join('\n'));

/** What the host has for it. */
const host = fc.record({
  uuid: fc.uuid(),
  workDir: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).map((text) => `/vms/${text}`),
  diskPath: fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => `/dev/zvol/rdsk/${text}`),
  vnicName: fc.stringMatching(/^[a-z][a-z0-9_]{0,29}[0-9]$/),
  macAddress: fc.constant('52:54:00:ab:cd:ef'),
});

/** The VM that `up` makes of a VMFile, as vms.json gives it back. */
async function handleOf(
  text: string,
  { uuid, workDir, macAddress }: { uuid: string; workDir: string; macAddress: string },
) {
  const { name, diskBytes, vcpus, memoryMb, firmware, network, cloudInit } = await vmWith(text);
  const defaults = machineDefaults(SUPPORTS, 'br0');
  const handle = newHandle({
    id: `propolis-${uuid}`,
    name,
    backend: 'propolis',
    workDir,
    image: { path: '/images/noble.img', format: 'qcow2', virtualSize: 2 ** 30 },
    diskBytes,
    vcpus,
    memoryMb,
    firmware: firmware ?? defaults.firmware,
    network: network ?? defaults.network,
    forwards: [],
    macAddress,
    seedIsoPath: cloudInit === undefined ? undefined : `${workDir}/seed.iso`,
  });
  // A file of JSON has the fields of a handle.
  return JSON.parse(JSON.stringify(handle)) as VmHandle;
}

describeWithOpenApi('1: every request', (document) => {
  it('for a VM of any settings is one of the published document, and of the rules beyond it', async () => {
    await fc.assert(
      fc.asyncProperty(settings, host, async (text, has) => {
        const handle = await handleOf(text, has);
        const request: unknown = JSON.parse(JSON.stringify(ensureRequest(makeError, handle, has)));
        const body = JSON.stringify(request);
        expect(document.problemsOfRequest({ method: 'PUT', path: '/instance', body })).toEqual([]);
        for (const major of [1, 5]) acceptSpec(request, major);
        const { spec } = acceptSpec(request, 5);
        expect(spec['board']).toMatchObject({ cpus: handle.vcpus, memory_mb: handle.memory_mb });
        expect(Object.keys(spec['components'] ?? {}).includes('net0')).toBe(handle.network.type === 'vnic');
        expect(Object.keys(spec['components'] ?? {}).includes('cloud-init')).toBe(
          text.includes('cloud-init'),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('that the client sends is one of the published document', async () => {
    const server = await lab.server();
    const client = lab.client(server);
    const { signal } = new AbortController();
    const call = { signal, timeoutMs: 30_000 };
    await client.instance(call);
    await client.ensure(anEnsureRequest(), call);
    await client.monitor(1, call);
    await client.requestState('Run', call);
    await client.monitor(3, call);
    await client.serialHistory({ fromStart: 0 }, call);
    await client.serialHistory({ mostRecent: 1024 }, { ...call, maxBytes: 16 });
    for (const replay of [true, false]) {
      const stream = await openConsoleStream(client, { error: makeError, vm: 'web', replay, signal });
      stream.destroy();
      await once(stream, 'close');
    }
    await client.requestState('Reboot', call);
    await client.requestState('Stop', call);
    expect(server.requests.map(({ method, path: where }) => `${method} ${where}`)).toEqual(
      expect.arrayContaining([
        'WS /instance/serial?from_start=0',
        'WS /instance/serial',
        'PUT /instance/state',
      ]),
    );
    const problems = server.requests.flatMap((request) => document.problemsOfRequest(request));
    expect(problems).toEqual([]);
  });

  it('would be noticed if it were not', () => {
    expect(document.version).toBe('5.0.0');
    const problems = (change: (body: ReturnType<typeof loose>) => void): readonly string[] => {
      const body = loose();
      change(body);
      return document.problemsOfRequest({ method: 'PUT', path: '/instance', body: JSON.stringify(body) });
    };
    // Free of its type, to be changed into something wrong.
    const loose = () => JSON.parse(JSON.stringify(anEnsureRequest()));
    expect(problems(() => undefined)).toEqual([]);
    const wrong: readonly ((body: ReturnType<typeof loose>) => void)[] = [
      (body) => delete body.properties.metadata.silo_id,
      (body) => (body.properties.id = 'web'),
      (body) => (body.init.value.spec.board.cpus = 300),
      (body) => (body.init.value.spec.board.memory_mb = -1),
      (body) => (body.init.value.spec.board.firmware = 'uefi'),
      (body) => delete body.init.value.spec.components['boot-disk'].component.pci_path,
      (body) => (body.init.value.spec.components.com1.component.num = 'com9'),
      (body) => (body.init.value.spec.components.net0.type = 'e1000'),
      (body) => (body.init.value.spec.components['boot-disk-backend'].component.block_size = '512'),
    ];
    for (const change of wrong) expect(problems(change)).not.toEqual([]);
    const state = { method: 'PUT', path: '/instance/state', body: '"Suspend"' };
    expect(document.problemsOfRequest(state)).not.toEqual([]);
    const history = { method: 'GET', path: '/instance/serial/history?from=1', body: '' };
    expect(document.problemsOfRequest(history)).toEqual(['/instance/serial/history takes no from']);
  });
});
