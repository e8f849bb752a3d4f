/**
 * Logs in, uploads one thing as a step of `up` would, and prints how long that took, in milliseconds. A process of its
 * own, so that each upload is as cold as the one of a command.
 *
 *   node upload-once.mjs TARGET LOCAL REMOTE      TARGET is an SshTarget as JSON
 */
import { loginKeys } from '../packages/core/dist/guest/login-keys.js';
import { openHostKeys } from '../packages/core/dist/guest/known-hosts.js';
import { connectGuest } from '../packages/core/dist/guest/ssh-session.js';
import { createLogger } from '../packages/core/dist/host/logger.js';

const [targetJson = '', local = '', remote = ''] = process.argv.slice(2);
/** @type {import('./ssh-target.mjs').SshTarget} */
const { host, port, user, keyPath, knownHosts, alias } = JSON.parse(targetJson);

const begin = performance.now();
const session = await connectGuest({
  address: { kind: 'tcp', host, port, source: 'benchmark' },
  user,
  keys: await loginKeys({
    declaredKey: keyPath,
    generatedKey: keyPath,
    homeDir: '/nonexistent',
    agentSocket: undefined,
  }),
  hostKeys: await openHostKeys(knownHosts, alias.replace(/^vmctl-/, '')),
  log: createLogger('bench'),
});
await session.upload(local, remote);
await session.end();
process.stdout.write(`${performance.now() - begin}\n`);
