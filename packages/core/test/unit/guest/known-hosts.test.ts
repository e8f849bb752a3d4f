import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { fingerprint, openHostKeys, pinHostKey, readPinnedHostKeys } from '../../../src/guest/known-hosts.js';
import { generateKeyPair, parsePublicKey } from '../../../src/guest/ssh-keys.js';
import { itWith, run } from '../../support/programs.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
let path: string;

beforeEach(() => {
  path = join(directory.path, 'known_hosts');
});

async function makeKey(): Promise<{ line: string; blob: Buffer }> {
  const { publicKey } = await generateKeyPair('root@web');
  const blob = parsePublicKey(publicKey)?.blob;
  if (blob === undefined) throw new Error('no key');
  return { line: publicKey, blob };
}

describe('pinHostKey', () => {
  it('writes one line under the VM’s name, for the user alone', async () => {
    const { line } = await makeKey();
    await pinHostKey(path, 'Web', line);
    expect(await readFile(path, 'utf8')).toBe(`vmctl-web ${line.split(' ').slice(0, 2).join(' ')}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  itWith('ssh-keygen')('writes what OpenSSH finds', async () => {
    const { line, blob } = await makeKey();
    await pinHostKey(path, 'web', line);
    const { stdout } = await run('ssh-keygen', ['-l', '-F', 'vmctl-web', '-f', path]);
    expect(stdout).toContain(fingerprint(blob));
  });
});

describe('readPinnedHostKeys', () => {
  it('has none where there is no file', async () => {
    expect(await readPinnedHostKeys(path, 'web')).toEqual([]);
  });

  it('reads the lines of this VM, among others, comments and rubbish', async () => {
    const [one, two] = await Promise.all([makeKey(), makeKey()]);
    const [type, base64] = two.line.split(' ');
    await writeFile(
      path,
      `# made by hand\n\nvmctl-db ${one.line}\nx,vmctl-web ${type} ${base64}\nvmctl-web ssh-ed25519 AA\n`,
    );
    expect(await readPinnedHostKeys(path, 'web')).toEqual([{ type: 'ssh-ed25519', blob: two.blob }]);
  });
});

describe('openHostKeys', () => {
  it('accepts the pinned key, and refuses any other with both fingerprints and the way out', async () => {
    const [pinned, other] = await Promise.all([makeKey(), makeKey()]);
    await pinHostKey(path, 'web', pinned.line);
    const verifier = await openHostKeys(path, 'web');
    expect(verifier.types).toEqual(['ssh-ed25519']);
    expect(() => verifier.check(pinned.blob)).not.toThrow();
    expect(() => verifier.check(other.blob)).toThrow(
      expect.objectContaining({
        code: 'VMCTL_GUEST_HOST_KEY_CHANGED',
        message: expect.stringMatching(
          new RegExp(`${escape(fingerprint(pinned.blob))}[\\s\\S]*${escape(fingerprint(other.blob))}`),
        ),
        hint: expect.stringContaining(path),
      }),
    );
  });

  it('never replaces a pinned key', async () => {
    const [pinned, other] = await Promise.all([makeKey(), makeKey()]);
    await pinHostKey(path, 'web', pinned.line);
    const before = await readFile(path, 'utf8');
    await (await openHostKeys(path, 'web')).trust(other.blob);
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  it('trusts the first key that led to a login, and only that one from then on', async () => {
    const [first, other] = await Promise.all([makeKey(), makeKey()]);
    const verifier = await openHostKeys(path, 'web');
    expect(verifier.types).toEqual([]);
    verifier.check(first.blob);
    await verifier.trust(first.blob);
    expect(() => verifier.check(other.blob)).toThrow(
      expect.objectContaining({ code: 'VMCTL_GUEST_HOST_KEY_CHANGED' }),
    );
    const reopened = await openHostKeys(path, 'web');
    expect(() => reopened.check(first.blob)).not.toThrow();
    expect(() => reopened.check(other.blob)).toThrow();
  });
});

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
