import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createFakeHost, createProvisionContext, type FakeHostReply } from '@vmctl/core/testing';
import type { AnsibleConfig } from '../dist/config.js';
import plugin from '../dist/plugin.js';

let baseDir: string;
before(async () => {
  baseDir = await mkdtemp(join(tmpdir(), 'vmctl-ansible-test-'));
  await writeFile(join(baseDir, 'site.yml'), '- hosts: all\n');
  await writeFile(join(baseDir, 'vault-password'), 'open sesame\n');
});
after(() => rm(baseDir, { recursive: true }));

const configOf = (changes: Partial<AnsibleConfig> = {}): AnsibleConfig => ({
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
  ...changes,
});

/** Runs a step on a host whose ansible-playbook is the reply. */
async function run(
  changes: Partial<AnsibleConfig> = {},
  reply: FakeHostReply = {},
  env: Readonly<Record<string, string>> = {},
) {
  const host = createFakeHost({ directory: baseDir, env });
  host.commands.on('ansible-playbook', reply).on('ssh');
  await host.apply(plugin);
  const ansible = await host.provisioner('ansible');
  const ctx = createProvisionContext({ baseDir });
  const outcome = ansible.run(configOf(changes), ctx);
  return { ctx, outcome, commands: host.commands.commands };
}

/** What stands behind `--name=`. */
const option = (args: readonly string[], name: string): string =>
  args.find((each) => each.startsWith(`--${name}=`))?.slice(name.length + 3) ?? '';

describe('running a playbook', () => {
  it('hands over a private inventory with the way to the guest, and removes it', async () => {
    let inventory = '';
    let seen: unknown;
    const { outcome } = await run({ groups: ['web'] }, ({ args }) => {
      inventory = option(args, 'inventory');
      seen = JSON.parse(readFileSync(inventory, 'utf8'));
      assert.equal(statSync(dirname(inventory)).mode & 0o777, 0o700);
      assert.match(readFileSync(join(dirname(inventory), 'ssh_config'), 'utf8'), /^HostKeyAlias=vmctl-web$/m);
      return {};
    });
    assert.deepEqual(await outcome, { exitCode: 0 });
    assert.deepEqual(seen, {
      all: {
        hosts: {
          web: {
            ansible_connection: 'ssh',
            ansible_host: '127.0.0.1',
            ansible_port: 22,
            ansible_user: 'vm',
            ansible_ssh_common_args: `-F '${join(dirname(inventory), 'ssh_config')}'`,
            ansible_python_interpreter: 'auto_silent',
          },
        },
        children: { web: { hosts: { web: {} } } },
      },
    });
    assert.equal(existsSync(dirname(inventory)), false);
  });

  it('gives the settings on the command line, and variables in a file', async () => {
    let variables: unknown;
    const { outcome, commands } = await run(
      { tags: ['a', 'b'], skipTags: ['c'], become: true, verbosity: 3, extraVars: { port: '80' } },
      ({ args }) => {
        variables = JSON.parse(readFileSync(option(args, 'extra-vars').slice(1), 'utf8'));
        return {};
      },
    );
    await outcome;
    const [command] = commands;
    assert.ok(command);
    const { args, options } = command;
    assert.deepEqual(args.slice(3), [
      '--tags=a,b',
      '--skip-tags=c',
      '--become',
      '-vvv',
      '--',
      join(baseDir, 'site.yml'),
    ]);
    assert.equal(option(args, 'limit'), 'web');
    assert.deepEqual(variables, { port: '80' });
    assert.equal(options.cwd, baseDir);
    assert.equal(options.timeoutMs, 0);
    assert.match(options.env?.['ANSIBLE_SSH_ARGS'] ?? '', /^-o StrictHostKeyChecking=yes /);
    assert.equal(options.env?.['ANSIBLE_HOST_KEY_CHECKING'], 'True');
  });

  it('passes the output on', async () => {
    const { outcome, ctx } = await run({}, { stdout: 'ok: [web]\n', stderr: '[WARNING]: old\n' });
    await outcome;
    assert.deepEqual(ctx.said, { stdout: 'ok: [web]\n', stderr: '[WARNING]: old\n' });
  });

  it('keeps secrets out of what is shown', async () => {
    const settings = { secretVars: { token: 'TOKEN' }, vaultPasswordFile: join(baseDir, 'vault-password') };
    let variables: unknown;
    const { outcome, ctx, commands } = await run(
      settings,
      ({ args }) => {
        variables = JSON.parse(readFileSync(option(args, 'extra-vars').slice(1), 'utf8'));
        return {};
      },
      { TOKEN: 's3cret' },
    );
    await outcome;
    assert.deepEqual(variables, { token: 's3cret' });
    assert.deepEqual(ctx.secrets, ['s3cret', 'open sesame']);
    assert.doesNotMatch(commands.map(({ line }) => line).join('\n'), /s3cret|sesame/);
  });

  it('says which variable a secret lacks, before Ansible is started', async () => {
    const { outcome, commands } = await run({ secretVars: { token: 'TOKEN' } });
    await assert.rejects(outcome, { code: 'ANSIBLE_SECRET_MISSING', message: /\$TOKEN/ });
    assert.deepEqual(commands, []);
  });

  it('ends connections that are left open, then removes the directory', async () => {
    let control = '';
    const { outcome, commands } = await run({}, async ({ args }) => {
      control = join(dirname(option(args, 'inventory')), 'control');
      await writeFile(join(control, '0123456789'), '');
      return {};
    });
    await outcome;
    assert.match(commands[1]?.line ?? '', /^ssh -F \S+ -o ControlPath=0123456789 -O exit /);
    assert.equal(commands[1]?.options.cwd, control);
    assert.equal(existsSync(control), false);
  });
});

describe('a run that fails', () => {
  for (const [exitCode, message] of [
    [1, /could not run the playbook/],
    [2, /a task that failed/],
    [4, /lost the connection/],
    [5, /did not understand a setting/],
    [250, /an error of its own/],
    [99, /failed \(exit code 99\)/],
  ] as const) {
    it(`with exit code ${exitCode} says what that means`, async () => {
      const { outcome } = await run({}, { exitCode });
      await assert.rejects(outcome, {
        code: 'ANSIBLE_FAILED',
        message,
        details: { command: 'ansible-playbook site.yml', exitCode },
      });
    });
  }

  it('is one in which no play was for the guest', async () => {
    const { outcome } = await run(
      {},
      { stdout: 'PLAY [db] ***\nskipping: no hosts matched\n\nPLAY RECAP ***\n' },
    );
    await assert.rejects(outcome, {
      code: 'ANSIBLE_NOTHING_TO_DO',
      message: /No play of site.yml is for web/,
    });
  });

  it('without Ansible names the package to install', async () => {
    const host = createFakeHost({ directory: baseDir });
    await host.apply(plugin);
    const ansible = await host.provisioner('ansible');
    await assert.rejects(ansible.run(configOf(), createProvisionContext({ baseDir })), {
      code: 'ANSIBLE_MISSING',
      hint: /apt-get install ansible /,
    });
  });

  it('is refused for a guest without SSH', async () => {
    const host = createFakeHost({ directory: baseDir });
    await host.apply(plugin);
    const ansible = await host.provisioner('ansible');
    const ctx = createProvisionContext({ baseDir, ssh: undefined });
    await assert.rejects(ansible.run(configOf(), ctx), { code: 'ANSIBLE_NO_SSH' });
    assert.deepEqual(host.commands.commands, []);
  });
});

describe('the inputs of a step', () => {
  const inputs = async (changes: Partial<AnsibleConfig>, env: Readonly<Record<string, string>> = {}) => {
    const host = createFakeHost({ directory: baseDir, env });
    await host.apply(plugin);
    const ansible = await host.provisioner('ansible');
    return (await ansible.inputs?.(configOf(changes), { baseDir })) ?? [];
  };

  it('are the playbook and what Ansible finds beside it', async () => {
    await mkdir(join(baseDir, 'group_vars'));
    await writeFile(join(baseDir, 'ansible.cfg'), '');
    assert.deepEqual(await inputs({}), [
      { kind: 'file', path: join(baseDir, 'site.yml') },
      { kind: 'file', path: join(baseDir, 'group_vars') },
      { kind: 'file', path: join(baseDir, 'ansible.cfg') },
    ]);
  });

  it('change with a secret, and do not show it', async () => {
    const [one, other] = await Promise.all(
      ['first', 'second'].map(async (TOKEN) =>
        JSON.stringify(await inputs({ secretVars: { token: 'TOKEN' } }, { TOKEN })),
      ),
    );
    assert.notEqual(one, other);
    assert.doesNotMatch(`${one}${other}`, /first|second/);
  });
});
