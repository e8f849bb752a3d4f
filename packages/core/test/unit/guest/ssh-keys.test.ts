import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  derivePublicKey,
  generateKeyPair,
  keyTypeOf,
  parsePublicKey,
  readPublicKey,
} from '../../../src/guest/ssh-keys.js';
import { itWith, run } from '../../support/programs.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const inDirectory = (name: string) => join(directory.path, name);

describe('generateKeyPair', () => {
  itWith('ssh-keygen')('makes keys that OpenSSH reads, and whose halves belong together', async () => {
    for (let round = 0; round < 20; round++) {
      const { privateKey, publicKey } = await generateKeyPair('vmctl-web');
      const path = inDirectory(`key${round}`);
      await writeFile(path, privateKey, { mode: 0o600 });
      await writeFile(`${path}.pub`, `${publicKey}\n`);
      expect((await run('ssh-keygen', ['-y', '-P', '', '-f', path])).stdout.trim()).toBe(publicKey);
      const { stdout } = await run('ssh-keygen', ['-l', '-f', `${path}.pub`]);
      expect(stdout).toMatch(/^256 SHA256:\S+ vmctl-web \(ED25519\)/);
    }
  });

  it('makes another key each time, and both halves always agree', async () => {
    const seen = new Set<string>();
    for (let round = 0; round < 1000; round++) {
      const { privateKey, publicKey } = await generateKeyPair('a');
      seen.add(publicKey);
      expect(`${await derivePublicKey(privateKey)} a`).toBe(publicKey);
    }
    expect(seen.size).toBe(1000);
  });

  it('keeps the comment on one line', async () => {
    const { publicKey } = await generateKeyPair('two\nlines');
    expect(publicKey).toMatch(/^ssh-ed25519 \S+ two lines$/);
  });
});

describe('readPublicKey', () => {
  it('returns the one line of the file', async () => {
    const { publicKey } = await generateKeyPair('me@host');
    await writeFile(inDirectory('key.pub'), `# a comment\n\n${publicKey}\n`);
    expect(await readPublicKey(inDirectory('key.pub'))).toBe(publicKey);
  });

  it('says where the public half is when it is given a private key', async () => {
    const { privateKey } = await generateKeyPair('x');
    await writeFile(inDirectory('key'), privateKey);
    await expect(readPublicKey(inDirectory('key'))).rejects.toMatchObject({
      code: 'VMCTL_SSH_KEY_INVALID',
      message: expect.stringContaining('private key'),
      hint: expect.stringContaining(`${inDirectory('key')}.pub`),
    });
  });

  it('names a file that is missing, and the command that makes one', async () => {
    await expect(readPublicKey(inDirectory('none.pub'))).rejects.toMatchObject({
      code: 'VMCTL_SSH_KEY_MISSING',
      hint: expect.stringContaining(`ssh-keygen -t ed25519 -f ${inDirectory('none')}`),
    });
  });

  it('refuses a directory', async () => {
    await mkdir(inDirectory('keys'));
    await expect(readPublicKey(inDirectory('keys'))).rejects.toMatchObject({ code: 'VMCTL_SSH_KEY_INVALID' });
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello world\n'],
    ['a type without a key', 'ssh-ed25519\n'],
    ['a key of another type than it says', 'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIKFt\n'],
    ['a cut key', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n'],
    ['a line of authorized_keys with options', 'command="x" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKFt\n'],
    ['the format of RFC 4716', '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n'],
    ['binary', Buffer.from([0, 1, 2, 255, 254])],
    ['a large file', Buffer.alloc(100_000, 'x')],
  ])('refuses %s', async (_what, content) => {
    await writeFile(inDirectory('key.pub'), content);
    await expect(readPublicKey(inDirectory('key.pub'))).rejects.toMatchObject({
      code: 'VMCTL_SSH_KEY_INVALID',
      message: expect.stringContaining(inDirectory('key.pub')),
    });
  });

  it('refuses several keys', async () => {
    const { publicKey } = await generateKeyPair('me');
    await writeFile(inDirectory('key.pub'), `${publicKey}\n${publicKey}\n`);
    await expect(readPublicKey(inDirectory('key.pub'))).rejects.toMatchObject({
      code: 'VMCTL_SSH_KEY_INVALID',
    });
  });

  itWith('ssh-keygen').each(['rsa', 'ecdsa', 'ed25519'])(
    'takes a key of type %s from ssh-keygen',
    async (type) => {
      await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'me', '-f', inDirectory('key')]);
      const text = (await readFile(`${inDirectory('key')}.pub`, 'utf8')).trim();
      expect(await readPublicKey(`${inDirectory('key')}.pub`)).toBe(text);
      const privateKey = await readFile(inDirectory('key'), 'utf8');
      expect(`${await derivePublicKey(privateKey)} me`).toBe(text);
    },
  );
});

describe('derivePublicKey', () => {
  itWith('ssh-keygen')('says that a key has a passphrase, and what to do', async () => {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', inDirectory('key')]);
    const text = await readFile(inDirectory('key'), 'utf8');
    await expect(derivePublicKey(text, inDirectory('key'))).rejects.toMatchObject({
      code: 'VMCTL_SSH_KEY_ENCRYPTED',
      hint: expect.stringContaining('ssh-add'),
    });
  });
});

describe('parsePublicKey', () => {
  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 80 }), (text, blob) => {
        expect(parsePublicKey(text)).toBeUndefined();
        parsePublicKey(`ssh-ed25519 ${Buffer.from(blob).toString('base64')}`);
        keyTypeOf(blob);
      }),
    );
  });
});
