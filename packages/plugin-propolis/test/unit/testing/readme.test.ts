import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { FakePropolisServer } from '../../../src/testing.js';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const [, section = ''] = read('README.md').split('\n## For tests\n');

function undocumented(names: Iterable<string>): string[] {
  return [...names].filter((name) => !new RegExp(`\`(?:\\w+\\.)?${name}\\b`).test(section));
}

describe('the README tells those who write tests', () => {
  it('of all that @vmctl/plugin-propolis/testing exports', () => {
    const lists = [...read('src/testing.ts').matchAll(/^export \{([^}]*)\}|^export const (\w+)/gm)];
    const names = lists.flatMap(([, list, constant]) => [
      ...(list ?? '').split(',').map((name) => name.replace('type', '').trim()),
      ...(constant === undefined ? [] : [constant]),
    ]);
    expect(names).toContain('FakePropolisServer');
    expect(undocumented(names.filter((name) => name !== ''))).toEqual([]);
  });

  it('of all that a fake server can do', () => {
    const members = Object.getOwnPropertyNames(FakePropolisServer.prototype);
    const own = members.filter((name) => name !== 'constructor');
    expect(own).toContain('powerOff');
    expect(undocumented([...own, 'requests', 'serial', 'listen'])).toEqual([]);
  });

  it('of all that the program reads of its environment, and of what can be posted to it', () => {
    const program = read('src/testing/propolis-server.ts');
    const variables = [...program.matchAll(/FAKE_PROPOLIS_\w+/g)].map(([name]) => name);
    const orders = [...read('src/testing/fake-control.ts').matchAll(/case '([\w-]+)'/g)].map(
      ([, name]) => name,
    );
    expect(orders).toContain('power-off');
    expect(undocumented([...variables, ...orders.map(String)])).toEqual([]);
  });
});
