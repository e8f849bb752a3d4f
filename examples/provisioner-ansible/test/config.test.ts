import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createFakeHost, decodeStep } from '@vmctl/core/testing';
import { createAnsible } from '../dist/ansible.js';

describe('a step of the type "ansible"', () => {
  let baseDir: string;
  before(async () => {
    baseDir = await mkdtemp(join(tmpdir(), 'vmctl-ansible-test-'));
    await writeFile(join(baseDir, 'site.yml'), '- hosts: all\n');
    await mkdir(join(baseDir, 'roles'));
  });
  after(() => rm(baseDir, { recursive: true }));

  const decode = (settings: string) =>
    decodeStep(`provision "ansible" {\n${settings}\n}`, createAnsible(createFakeHost()), { baseDir });
  const problems = async (settings: string): Promise<string[]> =>
    (await decode(settings)).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

  it('needs a playbook only', async () => {
    assert.deepEqual(await decode('playbook "site.yml"'), {
      value: {
        playbook: join(baseDir, 'site.yml'),
        groups: [],
        extraVars: {},
        secretVars: {},
        tags: [],
        skipTags: [],
        become: undefined,
        configFile: undefined,
        rolesPath: undefined,
        vaultPasswordFile: undefined,
        verbosity: 0,
      },
      problems: [],
    });
  });

  it('takes all of its settings', async () => {
    const { value, problems: none } = await decode(`
      playbook "site.yml"
      groups "web" "blue"
      extra-vars { version "1.2"; port 80 }
      secret-vars { password "DB_PASSWORD" }
      tags "deploy"
      skip-tags "slow" "flaky"
      become #true
      roles-path "roles"
      verbosity 2
    `);
    assert.deepEqual(none, []);
    assert.deepEqual(value?.groups, ['web', 'blue']);
    assert.deepEqual(value?.extraVars, { version: '1.2', port: '80' });
    assert.deepEqual(value?.secretVars, { password: 'DB_PASSWORD' });
    assert.deepEqual([value?.tags, value?.skipTags], [['deploy'], ['slow', 'flaky']]);
    assert.deepEqual([value?.become, value?.verbosity], [true, 2]);
    assert.equal(value?.rolesPath, join(baseDir, 'roles'));
  });

  it('is refused with the place of what is wrong, before a VM is started', async () => {
    assert.deepEqual(await problems('tags "a"'), ['1:1 provision "ansible" needs "playbook"']);
    assert.deepEqual(await problems('playbook "sites.yml"'), [
      `2:10 "playbook" names what does not exist: ${join(baseDir, 'sites.yml')}`,
    ]);
    assert.deepEqual(await problems('playbook "roles"'), [
      `2:10 "playbook" must name a file: ${join(baseDir, 'roles')}`,
    ]);
    assert.deepEqual(await problems('playbook "site.yml"; verbosity 5'), [
      '2:32 "verbosity" must be between 0 and 4',
    ]);
    assert.deepEqual(await problems('playbook "site.yml"; playbok "x"'), [
      '2:22 unknown setting "playbok" in provision "ansible"',
    ]);
  });

  it('is refused when a name means nothing to Ansible, or a variable is open and secret', async () => {
    assert.deepEqual(await problems('playbook "site.yml"; groups "web-servers"'), [
      '2:29 "web-servers" cannot be the name of a group',
    ]);
    assert.deepEqual(await problems('playbook "site.yml"; extra-vars { a-b "1" }'), [
      '2:35 "a-b" cannot be the name of a variable of Ansible',
    ]);
    assert.deepEqual(await problems('playbook "site.yml"; extra-vars { a "1" }; secret-vars { a "A" }'), [
      '2:58 "a" is in "extra-vars" too',
    ]);
  });
});
