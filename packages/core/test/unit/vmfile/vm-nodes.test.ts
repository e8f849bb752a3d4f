import { describe, expect, it } from '@jest/globals';
import { VmctlError } from '../../../src/errors/vmctl-error.js';
import type { VmFileNode } from '../../../src/vmfile/node.js';
import { parseVmFile, type VmNodeLookup } from '../../../src/vmfile/read-vmfile.js';
import { VM_SETTINGS } from '../../../src/vmfile/vm-settings.js';
import { errorOf, parse, problemsIn, VMFILE_PATH } from '../../support/vmfile.js';

/** Plugins that bring these nodes; remembers which of them were asked for. */
function bringing(
  nodes: Readonly<Record<string, (nodes: readonly VmFileNode[]) => unknown>>,
): VmNodeLookup & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    find: async (name) => {
      asked.push(name);
      const decode = nodes[name];
      return decode === undefined ? undefined : { decode };
    },
    installed: () => Object.keys(nodes),
  };
}

const labels = (nodes: readonly VmFileNode[]): unknown =>
  nodes.map((node) => [node.argument(0, { required: true, what: 'label' }), node.integer('weight')]);

const vm = (settings: string): string => `vm "web" {\nimage "disk.qcow2"\n${settings}\n}`;
const problemsOf = (settings: string, lookup: VmNodeLookup): Promise<string[]> =>
  problemsIn(vm(settings), undefined, lookup);

describe('a node that a plugin brings', () => {
  it('is decoded with all others of its name, and found under it in the definition', async () => {
    const lookup = bringing({ label: labels, unused: labels });
    const { vms } = await parse(
      `${vm('label "a" weight=2\nvcpus 2\nlabel "b"')}\nvm "db" image=x`,
      undefined,
      lookup,
    );
    expect(vms.map(({ name, extensions }) => [name, extensions])).toEqual([
      [
        'web',
        {
          label: [
            ['a', 2],
            ['b', undefined],
          ],
        },
      ],
      ['db', {}],
    ]);
    expect(lookup.asked).toEqual(['label']);
  });

  it('may be written as a property', async () => {
    const { vms } = await parse('vm a image=x label="b"', undefined, bringing({ label: labels }));
    expect(vms[0]?.extensions).toEqual({ label: [['b', undefined]] });
  });

  it('has its problems where they are, beside those of core', async () => {
    expect(await problemsOf('vcpus 0\nlabel\nlabel "b" wieght=1', bringing({ label: labels }))).toEqual([
      '3:7 "vcpus" must be from 1 to 4096, not 0',
      '4:1 label lacks its label (Write label "…")',
      '5:11 unknown setting "wieght" in label "b" (Did you mean "weight"?)',
    ]);
  });

  it('is suggested for a name that is nearly its own', async () => {
    expect(await problemsOf('hosts-fiel', bringing({ 'hosts-file': labels }))).toEqual([
      '3:1 unknown setting "hosts-fiel" in vm "web" (Did you mean "hosts-file"?)',
    ]);
  });

  it('is listed, with the way to install more, for a name that resembles none', async () => {
    const [problem] = await problemsOf('metrics', bringing({ 'hosts-file': labels }));
    expect(problem).toContain(
      'provision, hosts-file. More nodes come with plugins: vmctl plugins install PACKAGE)',
    );
  });

  it('is a problem when its plugin cannot be loaded, and what is in it is none', async () => {
    const broken = new VmctlError('VMCTL_PLUGIN_LOAD_FAILED', { message: 'No entry.', hint: 'Build it.' });
    const lookup: VmNodeLookup = { find: () => Promise.reject(broken), installed: () => ['label'] };
    const error = await errorOf(parse(vm('label "a" x=1\nlabel "b"'), undefined, lookup));
    expect(error.problems).toMatchObject([
      { line: 3, column: 1, message: 'the node "label" cannot be used: No entry.', hint: 'Build it.' },
    ]);
    expect(error.cause).toBe(broken);
  });

  it('is a problem when its decode throws instead of recording problems', async () => {
    const lookup = bringing({
      label: () => {
        throw new TypeError('x is not a function');
      },
    });
    expect(await problemsOf('label "a"', lookup)).toEqual([
      '3:1 the node "label" cannot be used: x is not a function',
    ]);
  });

  it('is passed over with everything in it by those who need no plugin', async () => {
    const { vms } = await parseVmFile(vm('label { whatever 1 }\nvcpus 2'), {
      path: VMFILE_PATH,
      provisioners: undefined,
      vmNodes: undefined,
    });
    expect(vms).toMatchObject([{ name: 'web', vcpus: 2, extensions: {} }]);
  });
});

it('core knows the names that no plugin may claim', async () => {
  const [problem] = await problemsOf('metrics', bringing({}));
  expect(problem).toContain(`Known here: ${VM_SETTINGS.join(', ')}.`);
});
