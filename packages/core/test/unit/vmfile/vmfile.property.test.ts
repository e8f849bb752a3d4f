import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { asError, isVmctlError } from '../../../src/errors/vmctl-error.js';
import type { PortForward } from '../../../src/hypervisor/contract.js';
import type { ImageReference } from '../../../src/images/contract.js';
import type { VmDefinition } from '../../../src/vmfile/model.js';
import type { VmFileProblem } from '../../../src/vmfile/read-vmfile.js';
import { anyChange, anyStyle, anyText, type Style, type TextNode, writeKdl } from '../../support/kdl-text.js';
import { parse, stubProvisioners } from '../../support/vmfile.js';

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/);
const path = word.map((each) => `/${each}`);
const MIB = 1024 * 1024;

const image: fc.Arbitrary<ImageReference> = fc.oneof(
  fc.record({ kind: fc.constant('path' as const), path }),
  fc.record(
    {
      kind: fc.constant('url' as const),
      url: fc.webUrl({ validSchemes: ['https', 'oci'], withQueryParameters: true }),
      sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
    },
    { requiredKeys: ['kind', 'url'] },
  ),
);

const network: fc.Arbitrary<Pick<VmDefinition, 'network' | 'forwards'>> = fc.oneof(
  fc.record({
    network: fc.constant({ type: 'user' as const }),
    forwards: fc.array(
      fc.record<PortForward>({
        address: fc.constantFrom('127.0.0.1', '0.0.0.0', '::1'),
        host: fc.constant(0),
        guest: fc.integer({ min: 1, max: 65535 }),
      }),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    network: fc.record({ type: fc.constant('tap' as const), bridge: word }),
    forwards: fc.constant([]),
  }),
  fc.record({
    network: fc.record({ type: fc.constant('vnic' as const), name: word }, { requiredKeys: ['type'] }),
    forwards: fc.constant([]),
  }),
  fc.constant({ network: { type: 'none' as const }, forwards: [] }),
);

const steps = fc.uniqueArray(
  fc.record({
    type: fc.constant('x'),
    name: fc.stringMatching(/^[A-Za-z][ -~]{0,20}$/),
    run: fc.constantFrom('always', 'once', 'never', 'changed'),
    config: anyText.filter((text) => !text.includes('\0')),
  }),
  { maxLength: 3, selector: (step) => step.name },
);

/** A definition but for its name and what it depends on. */
const definition = fc
  .record({
    image,
    vcpus: fc.integer({ min: 1, max: 4096 }),
    memoryMb: fc.integer({ min: 1, max: 1024 * 1024 }),
    diskBytes: fc.option(
      fc.integer({ min: 1, max: 1024 * 1024 }).map((mib) => mib * MIB),
      { nil: undefined },
    ),
    backend: fc.option(word, { nil: undefined }),
    firmware: fc.constantFrom('bios' as const, 'uefi' as const),
    network,
    cloudInit: fc.record({
      hostname: word,
      sshKeyPath: fc.option(path, { nil: undefined }),
      userDataPath: fc.constant(undefined),
    }),
    ssh: fc.record({
      declared: fc.constant(true),
      user: word,
      privateKeyPath: fc.option(path, { nil: undefined }),
      timeoutSeconds: fc.integer({ min: 1, max: 86400 }),
    }),
    provision: steps,
    extensions: fc.constant({}),
  })
  .map(({ network: declared, ...rest }) => ({ ...rest, ...declared }));

const definitions: fc.Arbitrary<readonly VmDefinition[]> = fc
  .uniqueArray(fc.tuple(name, definition), { minLength: 1, maxLength: 4, selector: ([each]) => each })
  .map((pairs) =>
    pairs.map(([vm, rest], index) => ({
      ...rest,
      name: vm,
      // Each depends on the one before: never a circle.
      dependsOn: pairs
        .slice(Math.max(0, index - 1), index)
        .map(([other]) => ({ vm: other, until: 'started' as const })),
    })),
  );

/** The `network` node that gives what a definition has; none where it says nothing. */
function networkNodes({ network: wanted, forwards }: VmDefinition): TextNode[] {
  if (wanted === undefined) return [];
  return [
    {
      name: 'network',
      values: [wanted.type],
      properties: {
        ...('bridge' in wanted ? { bridge: wanted.bridge } : {}),
        ...('name' in wanted && wanted.name !== undefined ? { name: wanted.name } : {}),
      },
      children: forwards.map(({ host, guest, address }) => ({
        name: 'forward',
        properties: { host, guest },
        children: [{ name: 'address', values: [address] }],
      })),
    },
  ];
}

/** The `vm` node that gives a definition; numbers of MiB as numbers or with a unit. */
function nodeOf(vm: VmDefinition, units: boolean): TextNode {
  const setting = (key: string, value: string | number | undefined): TextNode[] =>
    value === undefined ? [] : [{ name: key, values: [value] }];
  const mib = vm.diskBytes === undefined ? undefined : vm.diskBytes / MIB;
  return {
    name: 'vm',
    values: [vm.name],
    properties: { vcpus: vm.vcpus },
    children: [
      vm.image.kind === 'path'
        ? { name: 'image', values: [vm.image.path] }
        : {
            name: 'image-url',
            values: [vm.image.url],
            properties: vm.image.sha256 === undefined ? {} : { sha256: vm.image.sha256 },
          },
      ...setting('memory', units ? `${vm.memoryMb}MiB` : vm.memoryMb),
      ...setting('disk', mib === undefined ? undefined : units ? `${mib}M` : mib / 1024),
      ...setting('backend', vm.backend),
      ...setting('firmware', vm.firmware),
      ...vm.dependsOn.map(({ vm: other, until }) => ({
        name: 'depends-on',
        values: [other],
        properties: { until },
      })),
      ...networkNodes(vm),
      {
        name: 'cloud-init',
        children: [
          ...setting('hostname', vm.cloudInit?.hostname),
          ...setting('ssh-key', vm.cloudInit?.sshKeyPath),
        ],
      },
      {
        name: 'ssh',
        properties: { user: vm.ssh.user },
        children: [
          ...setting('private-key', vm.ssh.privateKeyPath),
          ...setting('timeout', vm.ssh.timeoutSeconds),
        ],
      },
      ...vm.provision.map(({ type, name: step, run, config }) => ({
        name: 'provision',
        values: [type],
        properties: { name: step, run },
        children: [{ name: 'text', values: [String(config)] }],
      })),
    ],
  };
}

const lookup = stubProvisioners({ x: (node) => node.string('text') });
const write = (vms: readonly VmDefinition[], style: Style, units: boolean): string =>
  writeKdl(
    vms.map((vm) => nodeOf(vm, units)),
    style,
  );

/** Milliseconds; many texts on a busy machine. */
const LONG = 60_000;

describe('parseVmFile', () => {
  it(
    'reads what was written',
    async () => {
      await fc.assert(
        fc.asyncProperty(definitions, anyStyle, fc.boolean(), async (vms, style, units) => {
          expect((await parse(write(vms, style, units), lookup)).vms).toEqual(vms);
        }),
        { numRuns: 200 },
      );
    },
    LONG,
  );

  it(
    'survives any change of a file, and places every problem inside it',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          definitions,
          anyStyle,
          fc.array(anyChange, { minLength: 1, maxLength: 6 }),
          async (vms, style, changes) => {
            const text = changes.reduce((before, change) => change(before), write(vms, style, false));
            const error: unknown = await parse(text, lookup).then(
              () => undefined,
              (thrown: unknown) => thrown,
            );
            if (error === undefined) return;
            if (!isVmctlError(error)) throw asError(error);
            expect(error.code).toBe('VMCTL_VMFILE_INVALID');
            const problems = (error.details?.['problems'] ?? []) as readonly VmFileProblem[];
            expect(problems.length).toBeGreaterThan(0);
            const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
            for (const { line, column, message } of problems) {
              expect(message).not.toBe('');
              expect(line).toBeGreaterThanOrEqual(1);
              expect(line).toBeLessThanOrEqual(lines.length);
              expect(column).toBeGreaterThanOrEqual(1);
              expect(column).toBeLessThanOrEqual(Array.from(lines[line - 1] ?? '').length + 1);
            }
          },
        ),
        { numRuns: 300 },
      );
    },
    LONG,
  );
});
