import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { instanceMetaData, setsOwnHostKeys, userDataFor } from '../../../src/guest/cloud-config.js';
import { generateKeyPair } from '../../../src/guest/ssh-keys.js';

/** As PyYAML in the guest reads it. */
const read = (text: string | Uint8Array | undefined): unknown =>
  parse(Buffer.from(text ?? '').toString(), { version: '1.1' });

const hostKey = { privateKey: '-----BEGIN…\nline: two\n', publicKey: 'ssh-ed25519 AAAA root@web' };
const base = { hostname: 'web', user: 'ubuntu', authorizedKeys: ['ssh-ed25519 AAAA me'], hostKey };

describe('userDataFor', () => {
  it('makes the user with passwordless sudo, bash and the key, and no other way in', () => {
    const { 'user-data': text, ...rest } = userDataFor(base);
    expect(rest).toEqual({});
    expect(Buffer.from(text).toString().split('\n')[0]).toBe('#cloud-config');
    expect(read(text)).toEqual({
      users: [
        {
          name: 'ubuntu',
          gecos: 'ubuntu',
          shell: '/bin/bash',
          sudo: 'ALL=(ALL) NOPASSWD:ALL',
          lock_passwd: true,
          ssh_authorized_keys: ['ssh-ed25519 AAAA me'],
        },
      ],
      disable_root: true,
      ssh_pwauth: false,
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: `${hostKey.publicKey}\n` },
      manage_etc_hosts: 'localhost',
      growpart: { mode: 'auto', devices: ['/'] },
      resize_rootfs: true,
    });
  });

  it('lets root log in where root is the user that was asked for', () => {
    const config = read(userDataFor({ ...base, user: 'root' })['user-data']);
    expect(config).toMatchObject({
      disable_root: false,
      users: [{ name: 'root', ssh_authorized_keys: ['ssh-ed25519 AAAA me'] }],
    });
  });

  it('carries a real key pair through unchanged', async () => {
    const pair = await generateKeyPair('root@web');
    expect(read(userDataFor({ ...base, hostKey: pair })['user-data'])).toMatchObject({
      ssh_keys: { ed25519_private: pair.privateKey, ed25519_public: `${pair.publicKey}\n` },
    });
  });

  it('keeps every text a text: no user name and no key can add a setting', () => {
    // Lone surrogates are no text in UTF-8.
    const text = fc.string({ unit: 'grapheme', maxLength: 60 }).map((value) => value.toWellFormed());
    const nasty = fc.constantFrom(
      'x: y',
      "'",
      '"',
      '\u2028',
      '\u0085',
      '😀',
      '- a',
      '#',
      '%',
      'null',
      '\t',
      '\\',
    );
    fc.assert(
      fc.property(fc.oneof(text, nasty), fc.oneof(text, nasty), (user, key) => {
        fc.pre(user !== 'root');
        const config = userDataFor({ ...base, user, authorizedKeys: [key] })['user-data'];
        expect(Buffer.from(config).toString()).toMatch(/^[\n\x20-\x7e]*$/);
        expect(read(config)).toMatchObject({ users: [{ name: user, ssh_authorized_keys: [key] }] });
      }),
    );
  });

  it('passes user-data of the user on byte by byte, and adds the host key below it', () => {
    const userData = Buffer.from([0xff, 0x00, 0x0a, 0x23]);
    const files = userDataFor({ ...base, authorizedKeys: [], userData });
    expect(files['user-data']).toBe(userData);
    expect(read(files['vendor-data'])).toEqual({
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: `${hostKey.publicKey}\n` },
    });
  });
});

describe('setsOwnHostKeys', () => {
  it.each([
    ['#cloud-config\nssh_keys:\n  rsa_private: x\n', true],
    ['#cloud-config\n"ssh_keys": {}\n', true],
    ['#cloud-config\nvendor_data: {enabled: false}\n', true],
    ['#cloud-config\nssh_authorized_keys: [a]\n', false],
    ['#cloud-config\n# ssh_keys: none of ours\n', false],
    ['#!/bin/sh\necho ssh_keys: no\n', false],
    ['', false],
  ])('reads %j', (text, expected) => {
    expect(setsOwnHostKeys(Buffer.from(text))).toBe(expected);
  });
});

describe('instanceMetaData', () => {
  it('has the instance id and the host name', () => {
    expect(read(instanceMetaData({ instanceId: 'qemu-1', hostname: 'web' }))).toEqual({
      'instance-id': 'qemu-1',
      'local-hostname': 'web',
    });
  });
});
