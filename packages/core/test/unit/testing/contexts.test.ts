import { describe, expect, it } from '@jest/globals';
import { createProvisionContext, createUpContext } from '../../../src/testing/contexts.js';
import { FakeGuestSession } from '../../../src/testing/fake-guest-session.js';

describe('a fake context', () => {
  it('of a step remembers what the provisioner says', async () => {
    const ctx = createProvisionContext({ guest: new FakeGuestSession({ user: 'root' }) });
    await ctx.output.stdout('out');
    await ctx.output.stderr(Buffer.from('err'));
    ctx.redact('secret');
    ctx.progress({ task: 'upload', subject: 'site', done: 1 });
    expect(ctx.said).toEqual({ stdout: 'out', stderr: 'err' });
    expect(ctx.secrets).toEqual(['secret']);
    expect(ctx.transfers).toEqual([{ task: 'upload', subject: 'site', done: 1 }]);
    expect(ctx.guest.user).toBe('root');
    expect(ctx.error('ACME_NO', { message: 'no' })).toMatchObject({ code: 'ACME_NO', message: 'no' });
  });

  it('of a step says how programs of the host reach the guest, unless the test has a guest without SSH', () => {
    expect(createProvisionContext().ssh).toMatchObject({ host: '127.0.0.1', hostKeyAlias: 'vmctl-web' });
    expect(createProvisionContext({ ssh: undefined }).ssh).toBeUndefined();
  });

  it('of `up` has the definition that the test wants, whole', () => {
    const ctx = createUpContext({ definition: { name: 'db', extensions: { label: ['a'] } } });
    expect(ctx.definition).toMatchObject({ name: 'db', vcpus: 1, extensions: { label: ['a'] } });
    ctx.events.emit({ type: 'warning', vm: 'db', code: 'ACME_NO', message: 'no' });
    expect(ctx.events.types).toEqual(['warning']);
  });
});
