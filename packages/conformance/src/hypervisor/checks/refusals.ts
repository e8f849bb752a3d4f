import assert from 'node:assert/strict';
import type { VmSpec } from '@vmctl/core/plugin';
import { outcomeOf } from '../../bounded.js';
import { assertVmctlError } from '../../error-shape.js';
import { readTree } from '../../tree.js';
import type { HypervisorCheck } from '../facts.js';
import type { HypervisorLab } from '../lab.js';
import { DISK_FORMATS, FIRMWARES, networkOf, NETWORK_TYPES } from '../variants.js';

const UNSUPPORTED = { codes: ['VMCTL_BACKEND_UNSUPPORTED'], hint: true };

/** Fails unless `prepare` refuses that specification before it does anything. */
async function expectRefusal(lab: HypervisorLab, what: string, changes: Partial<VmSpec>): Promise<void> {
  const spec = await lab.spec('refused', changes);
  const before = await readTree(lab.directory);
  lab.calls.reset();
  const outcome = await lab.call('prepare', outcomeOf(lab.hypervisor.prepare(spec, lab.context())));
  if (outcome.kind === 'resolved') {
    lab.adopt(outcome.value);
    assert.fail(`prepare accepts ${what}, which \`supports\` denies`);
  }
  assertVmctlError(outcome.error, `prepare with ${what}`, UNSUPPORTED);
  assert.deepEqual(lab.calls.names, [], `prepare did something before it refused ${what}`);
  assert.deepEqual(await readTree(lab.directory), before, `prepare left something when it refused ${what}`);
  assert.deepEqual(await lab.leftovers(), [], `prepare left something when it refused ${what}`);
}

const without = <T>(all: readonly T[], supported: readonly T[]): readonly T[] =>
  all.filter((each) => !supported.includes(each));

/** What `supports` denies is refused, before any side effect. */
export const refusalChecks: readonly HypervisorCheck[] = [
  {
    id: 'refuses-networks',
    title: 'a network that `supports` denies is refused before anything is done',
    skip: ({ supports }) =>
      without(NETWORK_TYPES, supports.networks).length > 0 ? undefined : 'it supports every network',
    async run(lab) {
      for (const type of without(NETWORK_TYPES, lab.hypervisor.supports.networks)) {
        await expectRefusal(lab, `network "${type}"`, { network: networkOf(type) });
      }
    },
  },
  {
    id: 'refuses-firmware',
    title: 'firmware that `supports` denies is refused before anything is done',
    skip: ({ supports }) =>
      without(FIRMWARES, supports.firmware).length > 0 ? undefined : 'it supports every firmware',
    async run(lab) {
      for (const firmware of without(FIRMWARES, lab.hypervisor.supports.firmware)) {
        await expectRefusal(lab, `firmware "${firmware}"`, { firmware });
      }
    },
  },
  {
    id: 'refuses-image-formats',
    title: 'an image format that `supports` denies is refused before anything is done',
    skip: ({ supports }) =>
      without(DISK_FORMATS, supports.imageFormats).length > 0 ? undefined : 'it supports every image format',
    async run(lab) {
      for (const format of without(DISK_FORMATS, lab.hypervisor.supports.imageFormats)) {
        await expectRefusal(lab, `an image of format ${format}`, { image: { ...lab.image, format } });
      }
    },
  },
  {
    id: 'refuses-forwards',
    title: 'forwarded ports are refused before anything is done where `supports` denies them',
    skip: ({ supports }) => (supports.forwards ? 'it supports forwards' : undefined),
    async run(lab) {
      const forwards = [{ address: '127.0.0.1', host: 40_080, guest: 80 }];
      await expectRefusal(lab, 'a forwarded port', { forwards });
    },
  },
  {
    id: 'refuses-suspend',
    title: '`suspend` and `resume` are refused where `supports` denies them, and the VM runs on',
    skip: ({ supports }) => (supports.suspend ? 'it supports suspend' : undefined),
    async run(lab) {
      const vm = await lab.running();
      for (const verb of ['suspend', 'resume'] as const) {
        const outcome = await lab.call(verb, outcomeOf(lab.hypervisor[verb](vm, lab.context())));
        assert.equal(outcome.kind, 'rejected', `${verb} does something, which \`supports\` denies`);
        if (outcome.kind === 'rejected') assertVmctlError(outcome.error, verb, UNSUPPORTED);
        await lab.expectState(vm, ['running'], `after ${verb} was refused`);
      }
    },
  },
];
