import { describe, expect, it } from '@jest/globals';
import { leavesPeersAlone, npmFilesOf, readNpmLock } from '../../../src/project-plugins/npm-lock.js';
import { digestOf } from '../../../src/project-plugins/pin.js';
import { acmePin, integrity } from './pins.js';

const wanted = { name: '@acme/nix', range: '^1.2' };
const plugin = {
  version: '1.2.3',
  integrity: integrity('A'),
  license: 'MIT',
  dependencies: { 'left-pad': '^1.0.0' },
};
const leftPad = { version: '1.3.0', integrity: integrity('B'), deprecated: 'use padStart' };
const lock = (packages: object) =>
  JSON.stringify({
    packages: { '': { dependencies: {} }, 'node_modules/@acme/nix': plugin, ...packages },
  });

describe("npm's lock file", () => {
  it('becomes a pin with the whole tree, without what says nothing about its content', () => {
    expect(readNpmLock(lock({ 'node_modules/left-pad': leftPad }), wanted)).toEqual({
      kind: 'pinned',
      pin: acmePin(),
    });
  });

  it('is made again from a pin, so that npm installs the same', () => {
    const files = npmFilesOf(acmePin());
    expect(JSON.parse(files.manifest)).toMatchObject({
      private: true,
      dependencies: { '@acme/nix': '1.2.3' },
    });
    expect(readNpmLock(files.lock, wanted)).toEqual({ kind: 'pinned', pin: acmePin() });
  });

  it.each([
    [
      'a copy of core',
      { 'node_modules/@vmctl/core': { version: '0.1.0', integrity: integrity('C') } },
      'second copy',
    ],
    [
      'a nested copy of core',
      { 'node_modules/x/node_modules/@vmctl/core': { version: '0.1.0' } },
      'second copy',
    ],
    ['a link to a folder', { 'node_modules/x': { link: true, resolved: '../x' } }, 'is a link to a folder'],
    ['a package without integrity', { 'node_modules/x': { version: '1.0.0' } }, 'has no integrity'],
    [
      'a branch of git',
      { 'node_modules/x': { version: '1.0.0', resolved: 'git+ssh://h/x.git#main' } },
      'has no integrity',
    ],
    ['a folder beside the tree', { '../x': { version: '1.0.0' } }, 'is outside of the tree'],
  ])('is refused with %s', (_, packages, message) => {
    expect(() => readNpmLock(lock(packages), wanted)).toThrow(message);
  });

  it.each([
    ['a commit of git', { version: '1.0.0', resolved: `git+ssh://h/x.git#${'0'.repeat(40)}` }],
    ['a bundled package', { version: '1.0.0', inBundle: true }],
    ['an old package with SHA-1 alone', { version: '1.0.0', integrity: 'sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
  ])('may have %s', (_, entry) => {
    expect(readNpmLock(lock({ 'node_modules/x': entry }), wanted).kind).toBe('pinned');
  });

  it('has core as a peer when a plugin does not call it optional; then npm leaves peers alone', () => {
    const core = { version: '0.1.0', integrity: integrity('C'), peer: true };
    expect(readNpmLock(lock({ 'node_modules/@vmctl/core': core }), wanted).kind).toBe('brings-core-as-peer');
    const withPeer = (meta: object) =>
      acmePin({
        packages: {
          'node_modules/@acme/nix': { ...plugin, peerDependencies: { '@vmctl/core': '*' }, ...meta },
        },
      });
    expect(leavesPeersAlone(withPeer({}))).toBe(true);
    expect(leavesPeersAlone(withPeer({ peerDependenciesMeta: { '@vmctl/core': { optional: true } } }))).toBe(
      false,
    );
    expect(leavesPeersAlone(acmePin())).toBe(false);
  });
});

describe('the digest of a pin', () => {
  it('differs when any byte of the tree would, and not for another range', () => {
    const digests = [
      acmePin(),
      acmePin({ integrity: integrity('C') }),
      acmePin({
        packages: { ...acmePin().packages, 'node_modules/left-pad': { ...leftPad, version: '1.3.1' } },
      }),
    ].map(digestOf);
    expect(new Set(digests).size).toBe(3);
    expect(digestOf(acmePin({ range: '*' }))).toBe(digests[0]);
  });
});
