import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { SETTING_KEYS } from '../../../src/config/settings.js';
import { useConfigHome } from '../../support/config-home.js';

const at = useConfigHome();

const path = join(import.meta.dirname, '../../../schemas/configuration.schema.json');
/** As far as this test looks into it. */
interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}
const schema = JSON.parse(readFileSync(path, 'utf8')) as Schema;
const validate = new Ajv2020({ strictTypes: false }).compile(schema);

/** Whether vmctl itself takes a file with this in it. */
async function takes(value: unknown): Promise<boolean> {
  await at.write({ 'work/project/vmctl.config.json': JSON.stringify(value) });
  return (await at.inspect())?.problems.length === 0;
}

const GOOD: readonly unknown[] = [
  {},
  { $schema: 'node_modules/@vmctl/core/schemas/configuration.schema.json' },
  { backend: 'qemu', parallel: 4, dataDir: './state', bridge: 'br0', timeouts: { ready: 60, stop: 0 } },
  { dataDir: '~' },
  { dataDir: '~/vms' },
  { dataDir: '/srv/vmctl', timeouts: {}, images: {}, backends: {} },
  { timeouts: null, images: { mirrors: null }, backends: { qemu: null } },
  { images: { mirrors: { 'https://a.example/': 'http://b.example/x' } } },
  { images: { mirrors: { 'oci://quay.io': ['oci://127.0.0.1:5000', 'oci://b.example/quay'] } } },
  { images: { mirrors: { 'https://a.example/': 'https://me:secret@b.example/' } } },
  { images: { mirrors: { 'https://a.example/': 'file:///srv/images/' } } },
  { backends: { qemu: { binary: 'qemu-git' }, other: { anything: [1] } } },
];

const BAD: readonly unknown[] = [
  [],
  { paralel: 2 },
  { backend: 'a b' },
  { backend: '' },
  { backend: 7 },
  { parallel: 0 },
  { parallel: 1025 },
  { parallel: 1.5 },
  { parallel: '4' },
  { dataDir: '' },
  { dataDir: '~root/x' },
  { dataDir: 7 },
  { bridge: 'longer-than-linux-takes' },
  { bridge: '-br' },
  { timeouts: 60 },
  { timeouts: { ready: 0 } },
  { timeouts: { ready: 86_401 } },
  { timeouts: { stop: -1 } },
  { timeouts: { start: 1 } },
  { images: { mirror: {} } },
  { images: { mirrors: [] } },
  { images: { mirrors: { 'a.example': 'https://b.example/' } } },
  { images: { mirrors: { 'https://me@a.example/': 'https://b.example/' } } },
  { images: { mirrors: { 'https://a.example/?x': 'https://b.example/' } } },
  { images: { mirrors: { 'https://a.example/': [] } } },
  { images: { mirrors: { 'https://a.example/': 'b.example' } } },
  { images: { mirrors: { 'https://a.example/': ['https://b.example/', 7] } } },
  { backends: ['qemu'] },
  { backends: { qemu: 'kvm' } },
];

describe('the schema of configuration files', () => {
  it.each(GOOD.map((value) => [JSON.stringify(value), value]))(
    'takes %s, as vmctl does',
    async (_, value) => {
      expect({ schema: validate(value), vmctl: await takes(value) }).toEqual({ schema: true, vmctl: true });
    },
  );

  it.each(BAD.map((value) => [JSON.stringify(value), value]))(
    'refuses %s, as vmctl does',
    async (_, value) => {
      expect({ schema: validate(value), vmctl: await takes(value) }).toEqual({ schema: false, vmctl: false });
    },
  );

  it('describes every setting, for editors to show', () => {
    for (const key of SETTING_KEYS) {
      const found = key
        .split('.')
        .reduce<Schema | undefined>((group, name) => group?.properties?.[name], schema);
      expect({ key, description: found?.description }).toEqual({ key, description: expect.any(String) });
    }
  });
});
