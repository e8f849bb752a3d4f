import { describe, expect, it } from '@jest/globals';
import type { VmListing } from '../../../src/operations/list.js';
import { compileListTemplate } from '../../../src/ui/list-template.js';

const VM: VmListing = {
  name: 'web',
  state: 'running',
  detail: null,
  backend: 'qemu',
  vcpus: 2,
  memoryMb: 2048,
  network: { type: 'tap', bridge: 'br0' },
  pid: 4711,
  ssh: 'vm@127.0.0.1:41022',
  forwards: [{ address: '127.0.0.1', host: 8080, guest: 80 }],
  createdAt: '2026-03-04T15:06:07.089Z',
  vmfile: '/p/VMFile.kdl',
  unfinished: false,
  problem: null,
};

describe('the format of a list', () => {
  it.each([
    ['{{name}}', 'web'],
    [String.raw`{{name}}\t{{ state }}\n`, 'web\trunning\n'],
    [String.raw`C:\\{{name}}`, 'C:\\web'],
    ['{{vcpus}} x {{memoryMb}} MiB, {{unfinished}}', '2 x 2048 MiB, false'],
    ['{{network.type}} {{network.bridge}}', 'tap br0'],
    ['{{forwards}}', '[{"address":"127.0.0.1","host":8080,"guest":80}]'],
    ['[{{detail}}{{problem.message}}{{network.name}}]', '[]'],
    ['{ {{name}} }', '{ web }'],
    ['{{name}}{{name}}', 'webweb'],
  ])('%s', (template, line) => {
    expect(compileListTemplate(template)(VM)).toBe(line);
  });

  it.each([
    ['{{nmae}}', 'Did you mean {{name}}?'],
    ['{{.Name}}', 'Did you mean {{name}}?'],
    ['{{network.brigde}}', 'Did you mean {{network.bridge}}?'],
    ['{{memory}}', 'Did you mean {{memoryMb}}?'],
    ['{{toString}}', 'There are: name, state, '],
    ['{{}}', 'There are: name, '],
  ])('with a field that there is none of is refused: %s', (template, hint) => {
    expect(() => compileListTemplate(template)).toThrow(
      expect.objectContaining({ code: 'VMCTL_USAGE', hint: expect.stringContaining(hint) }),
    );
  });

  it.each([
    ['stat', "'{{state}}'"],
    ['json', '--json'],
    ['{name}', "'{{name}}'"],
  ])('without a field is refused: %s', (template, hint) => {
    expect(() => compileListTemplate(template)).toThrow(
      expect.objectContaining({ code: 'VMCTL_USAGE', hint: expect.stringContaining(hint) }),
    );
  });

  it('keeps a VM to its line, whatever a backend says', () => {
    const vm = { ...VM, detail: 'two\nlines\u001b[2J' };
    expect(compileListTemplate('{{detail}}')(vm)).toBe('two lines');
  });
});
