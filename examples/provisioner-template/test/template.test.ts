import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createFakeHost, createProvisionContext, decodeStep, FakeGuestSession } from '@vmctl/core/testing';
import type { TemplateConfig } from '../dist/config.js';
import plugin from '../dist/plugin.js';
import { render } from '../dist/render.js';
import { template } from '../dist/template.js';

const vm = { name: 'web', hostname: 'web-1' };

describe('a template', () => {
  it('has the names of the VM and the values of the step, as they are', () => {
    assert.equal(
      render('{{vm.name}} {{vm.hostname}} {{values.url}}', { vm, values: { url: 'https://a/?b&c' } }),
      'web web-1 https://a/?b&c',
    );
  });

  it('makes columns by the width that people see', () => {
    const text = '{{#each values.hosts}}{{column this 6}}|\n{{/each}}';
    assert.equal(render(text, { vm, values: { hosts: ['db', '東京', 'é'] } }), 'db    |\n東京  |\né     |\n');
  });

  it('writes values as JSON', () => {
    assert.equal(render('{{json values}}', { vm, values: { a: ['"', 1] } }), '{"a":["\\"",1]}');
  });

  it('fails on a value that there is not', () => {
    assert.throws(() => render('port {{values.prot}}', { vm, values: { port: 80 } }), /"prot" not defined/);
  });
});

describe('a step of the type "template"', () => {
  let baseDir: string;
  before(async () => {
    baseDir = await mkdtemp(join(tmpdir(), 'vmctl-template-test-'));
    await writeFile(join(baseDir, 'motd.hbs'), 'This is {{vm.name}} on port {{values.port}}.\n');
    await writeFile(join(baseDir, 'broken.hbs'), '{{#if a}}\n');
    await writeFile(join(baseDir, 'values.json'), '{ "port": 80 }');
    await writeFile(join(baseDir, 'list.json'), '[]');
  });
  after(() => rm(baseDir, { recursive: true }));

  const decode = (settings: string) =>
    decodeStep(`provision "template" {\n${settings}\n}`, template, { baseDir });
  const configOf = async (settings: string): Promise<TemplateConfig> => {
    const { value, problems } = await decode(settings);
    assert.deepEqual(problems, []);
    assert.ok(value);
    return value;
  };
  const problems = async (settings: string): Promise<string[]> =>
    (await decode(settings)).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  const basic = 'source "motd.hbs"; destination "/etc/motd"; values-file "values.json"';

  it('is brought by the plugin', async () => {
    const host = createFakeHost();
    await host.apply(plugin);
    assert.equal(await host.provisioner('template'), template);
  });

  it('sends the text to the guest, has it put in place, and removes what it sent', async () => {
    const sent: (string | undefined)[] = [];
    const guest = new FakeGuestSession().on('install', ({ command }, { files }) => {
      const words = typeof command === 'string' ? [] : command;
      sent.push(files.text(words[4] ?? ''), ...words.slice(5));
      return { stdout: 'written\n' };
    });
    const ctx = createProvisionContext({ baseDir, guest });
    await template.run(await configOf(`${basic}; mode "0600"`), ctx);
    assert.deepEqual(sent, ['This is web on port 80.\n', '/etc/motd', '600']);
    assert.equal(ctx.said.stdout, '/etc/motd written\n');
    assert.deepEqual(guest.files.list('/tmp'), []);
  });

  it('takes a value of the step before one of the file', async () => {
    const guest = new FakeGuestSession();
    let text: string | undefined;
    guest.on('install', (_, { files }) => void (text = files.text(files.list('/tmp')[0] ?? '')));
    await template.run(
      await configOf(`${basic}; values { port "81" }`),
      createProvisionContext({ baseDir, guest }),
    );
    assert.equal(text, 'This is web on port 81.\n');
  });

  it('says which value is missing, and sends nothing', async () => {
    const guest = new FakeGuestSession();
    const config = await configOf('source "motd.hbs"; destination "/etc/motd"');
    await assert.rejects(template.run(config, createProvisionContext({ baseDir, guest })), {
      code: 'TEMPLATE_NOT_RENDERED',
      message: /^motd\.hbs cannot be filled in: "port" not defined/,
    });
    assert.deepEqual(guest.calls, []);
  });

  it('passes on why the guest could not write', async () => {
    const guest = new FakeGuestSession().on('install', { exitCode: 1, stderr: 'No space left on device\n' });
    await assert.rejects(template.run(await configOf(basic), createProvisionContext({ baseDir, guest })), {
      code: 'TEMPLATE_NOT_WRITTEN',
      message: '/etc/motd could not be written: No space left on device',
    });
    assert.deepEqual(guest.files.list('/tmp'), []);
  });

  it('changes with its template and its values', async () => {
    assert.deepEqual(await template.inputs?.(await configOf(basic), { baseDir }), [
      { kind: 'file', path: join(baseDir, 'motd.hbs') },
      { kind: 'file', path: join(baseDir, 'values.json') },
    ]);
  });

  it('is refused with the place of what is wrong, before a VM is started', async () => {
    assert.deepEqual(await problems('source "motd.hbs"; destination "etc/motd"'), [
      '2:32 "destination" must be the absolute path of a file in the guest',
    ]);
    assert.match(
      (await problems('source "broken.hbs"; destination "/a"'))[0] ?? '',
      /^2:8 .*it is no template: Parse/,
    );
    assert.match((await problems('source "no.hbs"; destination "/a"'))[0] ?? '', /^2:8 .*ENOENT/);
    assert.match(
      (await problems(`source "motd.hbs"; destination "/a"; values-file "list.json"`))[0] ?? '',
      /one JSON object/,
    );
    assert.match((await problems(`${basic}; mode "rw"`))[0] ?? '', /must be permissions like "0644"/);
  });
});
