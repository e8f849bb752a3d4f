import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { isAbsolute } from 'node:path';
import type { ConsoleEndpoint, VmctlEventBody } from '@vmctl/core/plugin';
import { outcomeOf, within } from '../../bounded.js';
import { assertSurvivesJson } from '../../json.js';
import type { HypervisorCheck } from '../facts.js';
import type { HypervisorLab } from '../lab.js';

const CONNECT_MS = 5_000;

/** Whether somebody answers at a console. */
async function answers(lab: HypervisorLab, endpoint: ConsoleEndpoint): Promise<boolean> {
  if (endpoint.kind === 'none') return false;
  const url = endpoint.kind === 'websocket' ? new URL(endpoint.url) : undefined;
  const port = Number(url?.port || (url?.protocol === 'wss:' ? 443 : 80));
  const socket =
    endpoint.kind === 'unix-socket'
      ? connect(await lab.shortPath(endpoint.path))
      : connect(port, url?.hostname.replace(/^\[|\]$/g, ''));
  try {
    const connected = new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return (await within('connecting to the console', CONNECT_MS, outcomeOf(connected))).kind === 'resolved';
  } finally {
    socket.destroy();
  }
}

/** Fails when an event is none that a backend emits. */
function assertEvent(event: VmctlEventBody, vm: string): void {
  const shown = JSON.stringify(event);
  assert.ok(
    event.type === 'warning' || event.type === 'progress',
    `a backend emits warnings and progress; the rest is core’s: ${shown}`,
  );
  assert.ok(event.vm === undefined || event.vm === vm, `an event about another VM: ${shown}`);
  if (event.type === 'warning') {
    assert.match(event.code, /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/, `a warning has a code: ${shown}`);
    assert.ok(event.message.trim() !== '', `a warning has a message: ${shown}`);
  }
  assertSurvivesJson(event, 'an event');
}

/** What can be seen of a VM. */
export const observationChecks: readonly HypervisorCheck[] = [
  {
    id: 'guest-address-is-usable',
    title: 'the guest’s address is one that can be connected to, or says why there is none',
    async run(lab) {
      const vm = await lab.running();
      const address = await lab.call('guestAddress', lab.hypervisor.guestAddress(vm, lab.context()));
      if (address.kind === 'none') {
        assert.ok(address.reason.trim() !== '', 'an address of kind none has a reason');
        return;
      }
      assert.equal(address.kind, 'tcp', 'an address is of kind tcp or none');
      assert.ok(address.host.trim() !== '', 'the address has a host');
      assert.ok(
        Number.isInteger(address.port) && address.port > 0 && address.port < 65_536,
        `${address.port} is no TCP port`,
      );
      assert.ok(address.source.trim() !== '', 'the address says how it was found');
      const { network, ssh_host_port: port } = vm;
      if (network.type === 'user' && port !== null) {
        assert.equal(address.port, port, 'the address has another port than the handle');
      }
    },
  },
  {
    id: 'no-network-no-address',
    title: 'a VM without a network has no address, and the reason is given',
    skip: ({ supports }) =>
      supports.networks.includes('none') ? undefined : 'supports.networks has no "none"',
    async run(lab) {
      const vm = await lab.running('web', { network: { type: 'none' }, sshHostPort: undefined });
      const address = await lab.call('guestAddress', lab.hypervisor.guestAddress(vm, lab.context()));
      assert.equal(address.kind, 'none', 'a VM without a network has an address');
      if (address.kind === 'none') assert.ok(address.reason.trim() !== '', 'the reason is missing');
    },
  },
  {
    id: 'console-is-what-supports-says',
    title: 'the console is of the kind that `supports` says, whether the VM runs or not',
    async run(lab) {
      const prepared = await lab.prepare();
      const running = await lab.call('start', lab.hypervisor.start(prepared, lab.context()));
      for (const vm of [prepared, running]) {
        const endpoint = lab.hypervisor.console(vm);
        assert.equal(endpoint.kind, lab.hypervisor.supports.console, 'the console is of another kind');
        if (endpoint.kind === 'none') {
          assert.ok(endpoint.reason.trim() !== '', 'a console of kind none has a reason');
        } else if (endpoint.kind === 'unix-socket') {
          assert.ok(isAbsolute(endpoint.path), `${endpoint.path} is not absolute`);
        } else {
          assert.match(endpoint.url, /^wss?:\/\//, 'the URL of a console begins with ws:// or wss://');
        }
      }
    },
  },
  {
    id: 'console-answers-while-running',
    title: 'a client can connect to the console of a running VM, again and again, and to none after stop',
    skip: ({ supports }) => (supports.console === 'none' ? 'supports.console is none' : undefined),
    async run(lab) {
      const vm = await lab.running();
      const endpoint = lab.hypervisor.console(vm);
      for (const times of ['first', 'second']) {
        assert.ok(await answers(lab, endpoint), `nobody answers at the console, the ${times} time`);
      }
      await lab.call('stop', lab.hypervisor.stop(vm, { timeoutMs: 0 }, lab.context()));
      if (endpoint.kind === 'unix-socket') {
        assert.ok(!(await answers(lab, endpoint)), 'somebody answers at the console of a stopped VM');
      }
    },
  },
  {
    id: 'events-are-well-formed',
    title: 'events are warnings or progress about the VM, and none comes after a call has ended',
    async run(lab) {
      const { hypervisor } = lab;
      const spec = await lab.spec();
      let vm = await observed(lab, spec.name, (context) => hypervisor.prepare(spec, context));
      lab.adopt(vm);
      const prepared = vm;
      vm = await observed(lab, spec.name, (context) => hypervisor.start(prepared, context));
      const running = vm;
      vm = await observed(lab, spec.name, (context) => hypervisor.stop(running, { timeoutMs: 50 }, context));
      const stopped = vm;
      await observed(lab, spec.name, (context) => hypervisor.destroy(stopped, context));
    },
  },
  {
    id: 'description-is-one-line',
    title: '`describe` says in one line what runs the VM',
    skip: ({ describes }) => (describes ? undefined : 'the backend has no describe()'),
    async run(lab) {
      const vm = await lab.running();
      const text = (await lab.hypervisor.describe?.(vm, lab.context())) ?? '';
      assert.ok(text.trim() !== '', 'the description is empty');
      assert.ok(!text.includes('\n'), 'the description has more than one line');
    },
  },
  {
    id: 'diagnosis-is-well-formed',
    title: '`diagnose` never rejects, and each of its findings has an id, a status and a title',
    skip: ({ diagnoses }) => (diagnoses ? undefined : 'the backend has no diagnose()'),
    async run(lab) {
      const findings = (await lab.hypervisor.diagnose?.(lab.context())) ?? [];
      for (const { id, status, title } of findings) {
        assert.ok(id.trim() !== '' && title.trim() !== '', 'a finding has an id and a title');
        assert.ok(['ok', 'warning', 'error'].includes(status), `${id}: there is no status ${status}`);
      }
      const ids = findings.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length, 'two findings have one id');
    },
  },
];

/** A call whose events are looked at, those that come too late as well. */
async function observed<T>(
  lab: HypervisorLab,
  vm: string,
  call: (context: ReturnType<HypervisorLab['context']>) => Promise<T>,
): Promise<T> {
  const context = lab.context();
  const result = await lab.call('a call', call(context));
  const count = context.seen.length;
  for (const event of context.seen) assertEvent(event, vm);
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(context.seen.length, count, 'an event came after the call had ended');
  return result;
}
