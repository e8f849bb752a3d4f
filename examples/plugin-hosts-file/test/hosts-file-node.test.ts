import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeVmNode } from '@vmctl/core/testing';
import { hostsFileNode } from '../dist/hosts-file-node.js';

async function problemsOf(text: string): Promise<string[]> {
  const { problems } = await decodeVmNode(text, hostsFileNode);
  return problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('hosts-file', () => {
  it('gives names to addresses', async () => {
    const text = 'hosts-file {\n  host "10.0.2.2" "db" "db.internal"\n  host "fd00::1" "api"\n}';
    assert.deepEqual(await decodeVmNode(text, hostsFileNode), {
      problems: [],
      value: {
        path: '/etc/hosts',
        entries: [
          { address: '10.0.2.2', names: ['db', 'db.internal'] },
          { address: 'fd00::1', names: ['api'] },
        ],
      },
    });
  });

  it('may be empty, and about another file', async () => {
    const { value } = await decodeVmNode('hosts-file path="/etc/vm-hosts"', hostsFileNode);
    assert.deepEqual(value, { path: '/etc/vm-hosts', entries: [] });
  });

  for (const [text, problem] of [
    ['hosts-file { host "db" "10.0.2.2" }', '1:19 the address must be an IPv4 or IPv6 address'],
    ['hosts-file { host "10.0.2.2" }', '1:14 host lacks a name'],
    ['hosts-file { host "10.0.2.2" "a b" }', '1:30 the name must be a host name, not "a b"'],
    ['hosts-file { host "::1" "a"; host "::2" "A" }', '1:41 "A" is a name of ::1 already'],
    ['hosts-file path="hosts"', '1:17 "path" must be an absolute path of the guest'],
    ['hosts-file\nhosts-file', '2:1 a VM has one "hosts-file"'],
    ['hosts-file { hots "::1" "a" }', '1:14 unknown setting "hots" in hosts-file'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, async () => {
      assert.deepEqual(await problemsOf(text), [problem]);
    });
  }
});
