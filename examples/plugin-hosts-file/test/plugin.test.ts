import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFakeHost, createUpContext, FakeGuestSession, type FakeHost } from '@vmctl/core/testing';
import { BEGIN, END } from '../dist/hosts-block.js';
import plugin from '../dist/plugin.js';

const config = { path: '/etc/hosts', entries: [{ address: '10.0.2.2', names: ['db'] }] };
const part = `${BEGIN}\n10.0.2.2 db\n${END}\n`;

/** A guest with this hosts file, that does what the plugin's scripts say. */
function guestWith(hosts: string, { writable = true } = {}): FakeGuestSession {
  const guest = new FakeGuestSession();
  guest.files.set('/etc/hosts', { kind: 'file', mode: 0o644, content: Buffer.from(hosts) });
  return guest
    .on('cat -- "$1"', (_, { files }) => ({ stdout: files.text('/etc/hosts') }))
    .on('test -w', { exitCode: writable ? 0 : 1 })
    .on('mv -f', ({ stdin }, { files }) =>
      files.set('/etc/hosts', { kind: 'file', mode: 0o644, content: stdin }),
    );
}

async function host(): Promise<FakeHost> {
  const fake = createFakeHost();
  await fake.apply(plugin);
  return fake;
}

describe('the plugin', () => {
  it('brings the node that its package.json promises', async () => {
    assert.equal((await (await host()).vmNode('hosts-file')).name, 'hosts-file');
  });

  it('writes the names after the guest is ready, and says so', async () => {
    const guest = guestWith('127.0.0.1 localhost\n');
    const ctx = createUpContext({ guest, definition: { extensions: { 'hosts-file': config } } });
    ctx.detail = 'ssh answers';
    await (await host()).hooks.up.ready.promise(ctx);
    assert.equal(guest.files.text('/etc/hosts'), `127.0.0.1 localhost\n${part}`);
    assert.equal(ctx.detail, 'ssh answers, /etc/hosts written');
  });

  it('writes nothing when nothing changes', async () => {
    const guest = guestWith(part);
    const ctx = createUpContext({ guest, definition: { extensions: { 'hosts-file': config } } });
    await (await host()).hooks.up.ready.promise(ctx);
    assert.deepEqual([guest.commands.length, ctx.detail], [1, '/etc/hosts unchanged']);
  });

  it('leaves a VM without the node alone', async () => {
    const guest = guestWith('');
    await (await host()).hooks.up.ready.promise(createUpContext({ guest }));
    assert.deepEqual(guest.calls, []);
  });

  it('uses sudo where the login user may not write, and only there', async () => {
    const definition = { extensions: { 'hosts-file': config } };
    for (const writable of [true, false]) {
      const guest = guestWith('', { writable });
      await (await host()).hooks.up.ready.promise(createUpContext({ guest, definition }));
      assert.equal(guest.commands.at(-1)?.startsWith('sudo -n '), !writable);
    }
  });

  it('says why it cannot write', async () => {
    const guest = guestWith('', { writable: false }).on('sudo', { exitCode: 1, stderr: 'no password' });
    const ctx = createUpContext({ guest, definition: { extensions: { 'hosts-file': config } } });
    await assert.rejects((await host()).hooks.up.ready.promise(ctx), {
      code: 'HOSTS_FILE_FAILED',
      message: '/etc/hosts of the guest cannot be written: no password',
      hint: 'vm needs sudo without a password, or log in as root.',
    });
  });

  it('does not touch a file in which its part is damaged', async () => {
    const guest = guestWith(`${BEGIN}\n`);
    const ctx = createUpContext({ guest, definition: { extensions: { 'hosts-file': config } } });
    await assert.rejects((await host()).hooks.up.ready.promise(ctx), { code: 'HOSTS_FILE_DAMAGED' });
    assert.equal(guest.files.text('/etc/hosts'), `${BEGIN}\n`);
  });

  it('refuses a VM that nobody can log in to', async () => {
    const { guest: _, ...ctx } = createUpContext({ definition: { extensions: { 'hosts-file': config } } });
    await assert.rejects((await host()).hooks.up.ready.promise(ctx), { code: 'HOSTS_FILE_NO_LOGIN' });
  });

  it('stops when `up` is interrupted', async () => {
    const controller = new AbortController();
    const guest = guestWith('').hang('mv -f');
    const ctx = createUpContext({
      guest,
      signal: controller.signal,
      definition: { extensions: { 'hosts-file': config } },
    });
    const written = (await host()).hooks.up.ready.promise(ctx);
    const reason = new DOMException('interrupted', 'AbortError');
    controller.abort(reason);
    await assert.rejects(written, reason);
  });
});
