import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProvisionContext, decodeStep } from '@vmctl/core/testing';
import { provisioner } from '../src/provisioner.js';

describe('decode', () => {
  it('reads the path and all lines', async () => {
    const { value, problems } = await decodeStep(
      'provision "template-word" { path "/etc/motd"; line "one" "two" }',
      provisioner,
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(value, { path: '/etc/motd', lines: ['one', 'two'] });
  });

  it('says where something is wrong', async () => {
    const { problems } = await decodeStep(
      'provision "template-word" {\n  path "etc/motd"\n  lien "one"\n}',
      provisioner,
    );
    assert.deepEqual(
      problems.map(({ line, message }) => [line, message]),
      [
        [1, 'provision "template-word" needs at least one "line"'],
        [2, '"path" must be an absolute path in the guest, not "etc/motd"'],
        [3, 'unknown setting "lien" in provision "template-word"'],
      ],
    );
  });
});

describe('run', () => {
  const config = { path: '/etc/motd', lines: ["it's", 'two words'] };

  it('hands path and lines to the guest as they are', async () => {
    const ctx = createProvisionContext();
    await provisioner.run(config, ctx);
    const [call] = ctx.guest.calls;
    assert.ok(call?.method === 'exec');
    assert.deepEqual(call.command.slice(-3), ['/etc/motd', "it's", 'two words']);
  });

  it('shows what the guest says', async () => {
    const ctx = createProvisionContext();
    ctx.guest.on('sh -c', { stdout: 'added: two words\n' });
    await provisioner.run(config, ctx);
    assert.equal(ctx.said.stdout, 'added: two words\n');
  });

  it('fails with the exit code and the words of the guest', async () => {
    const ctx = createProvisionContext();
    ctx.guest.on('sh -c', { exitCode: 1, stderr: 'sudo: a password is required\n' });
    await assert.rejects(provisioner.run(config, ctx), {
      code: 'TEMPLATE_WORD_FAILED',
      message: /exit code 1: sudo: a password is required/,
    });
  });
});
