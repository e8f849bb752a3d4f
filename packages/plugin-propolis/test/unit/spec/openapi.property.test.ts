import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import type { VmHandle } from '@vmctl/core/plugin';
import fc from 'fast-check';
import { openConsoleStream } from '../../../src/serial/console-stream.js';
import { ensureRequest } from '../../../src/spec/instance-spec.js';
import { acceptSpec } from '../../../src/testing/spec-rules.js';
import { anEnsureRequest, makeError, propolisHandle, useFakeServers } from '../../support/fakes.js';
import { describeWithOpenApi } from '../../support/openapi.js';

const lab = useFakeServers();

/** Every VM that a VMFile can ask of this backend, with what the host can have for it. */
const vms = fc.record({
  handle: fc
    .record({
      id: fc.uuid().map((uuid) => `propolis-${uuid}`),
      name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/),
      vcpus: fc.integer({ min: 1, max: 32 }),
      memory_mb: fc.oneof(
        fc.integer({ min: 1, max: 2 ** 21 }),
        fc.maxSafeNat().map((n) => Math.max(1, n)),
      ),
      disk_gb: fc.option(fc.double({ min: 0.1, max: 10_000, noNaN: true })),
      seed_iso_path: fc.option(fc.string({ minLength: 1 }).map((text) => `/vms/${text}/seed.iso`)),
      uefi: fc.boolean(),
      network: fc.oneof(
        fc.constant({ type: 'none' } as const),
        fc.record(
          { type: fc.constant('vnic' as const), name: fc.stringMatching(/^[a-z][a-z_]{0,20}[0-9]$/) },
          { requiredKeys: ['type'] },
        ),
      ),
    })
    .map((changes): VmHandle => propolisHandle(changes)),
  resources: fc.record({
    diskPath: fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `/dev/zvol/rdsk/${text}`),
    vnicName: fc.stringMatching(/^[a-z][a-z0-9_]{0,29}[0-9]$/),
  }),
});

describeWithOpenApi('1: every request', (document) => {
  it('for a VM of any settings is one of the published document, and of the rules beyond it', () => {
    fc.assert(
      fc.property(vms, ({ handle, resources }) => {
        const request: unknown = JSON.parse(JSON.stringify(ensureRequest(makeError, handle, resources)));
        const body = JSON.stringify(request);
        expect(document.problemsOfRequest({ method: 'PUT', path: '/instance', body })).toEqual([]);
        for (const major of [1, 5]) acceptSpec(request, major);
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
