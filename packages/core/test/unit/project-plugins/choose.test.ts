import { describe, expect, it } from '@jest/globals';
import type { PluginPackage } from '../../../src/plugins/manifest.js';
import { type Candidates, choose } from '../../../src/project-plugins/choose.js';
import { driftOf } from '../../../src/project-plugins/drift.js';
import { acmePin, integrity } from './pins.js';

const pkg = (origin: string, version: string): PluginPackage => ({
  name: '@acme/nix',
  version,
  root: `/${origin}`,
  vmctl: {},
  origin,
});
const requirement = { kind: 'package', name: '@acme/nix', range: '^1.2' } as const;
const linked = pkg('link', '0.0.1');
const user = (version: string, letter = 'A') => ({
  package: pkg('user', version),
  integrity: integrity(letter),
});
const pin = acmePin();
const oldPin = acmePin({ version: '1.1.0' });
const stored = pkg('project', '1.2.3');

describe('where a required package is taken from', () => {
  it.each<[string, Candidates, string, frozen: string]>([
    ['nothing is there', {}, 'resolve', 'resolve'],
    ['it is linked', { linked, user: user('1.2.3'), pin, stored }, 'linked', 'linked'],
    ['it is pinned and in the store', { pin, stored }, 'stored', 'stored'],
    ['it is pinned, and not on this machine', { pin }, 'install', 'install'],
    ['the user has what is pinned', { user: user('1.2.3'), pin, stored }, 'user', 'stored'],
    ['the user has what is pinned, and the store has not', { user: user('1.2.3'), pin }, 'user', 'install'],
    [
      'the user has another version than the pinned',
      { user: user('1.2.9'), pin, stored },
      'stored',
      'stored',
    ],
    ['the user has other bytes than the pinned', { user: user('1.2.3', 'C'), pin }, 'install', 'install'],
    ['the user has one that fits, and nothing is pinned', { user: user('1.4.0') }, 'user', 'resolve'],
    ['the user has one that does not fit', { user: user('2.0.0') }, 'resolve', 'resolve'],
    ['the pin does not fit any more', { pin: oldPin, stored }, 'resolve', 'resolve'],
    [
      'the pin does not fit, and the user has one that does',
      { pin: oldPin, user: user('1.2.3') },
      'resolve',
      'resolve',
    ],
  ])('when %s', (_, candidates, expected, frozen) => {
    expect(choose(requirement, candidates, false).kind).toBe(expected);
    expect(choose(requirement, candidates, true).kind).toBe(frozen);
  });
});

describe('a pinned prerelease', () => {
  const any = { ...requirement, range: '*' };
  const beta = acmePin({ range: '*', version: '3.0.0-beta.1' });

  it('fits the range for which npm chose it, though semver says that it does not', () => {
    expect(choose(any, { pin: beta, stored }, false).kind).toBe('stored');
    expect(choose(any, { pin: beta, stored }, true).kind).toBe('stored');
  });

  it('does not fit another range', () => {
    expect(choose(requirement, { pin: beta, stored }, false).kind).toBe('resolve');
  });
});

describe('what --frozen refuses', () => {
  const drift = (candidates: Candidates, pins = [pin]) =>
    driftOf(
      [{ requirement, choice: choose(requirement, candidates, true) }],
      new Map(pins.map((each) => [each.name, each])),
      'VMFile.lock',
    );

  it.each<[string, readonly string[], readonly string[]]>([
    ['nothing that is as it is pinned', drift({ pin, stored }), []],
    ['nothing that is pinned and only has to be installed', drift({ pin }), []],
    [
      'a link',
      drift({ linked, pin, stored }),
      ['@acme/nix is linked to /link, which is not what VMFile.lock pins.'],
    ],
    ['a requirement without a pin', drift({}, []), ['VMFile.lock does not pin @acme/nix ^1.2.']],
    [
      'a pin that does not fit',
      drift({ pin: oldPin }, [oldPin]),
      ['VMFile.lock pins @acme/nix 1.1.0, and the VMFile requires ^1.2.'],
    ],
    [
      'a pin too many',
      drift({ pin, stored }, [pin, acmePin({ name: 'zeta' })]),
      ['VMFile.lock pins zeta, which the VMFile does not require.'],
    ],
  ])('is %s', (_, found, expected) => {
    expect(found).toEqual(expected);
  });

  it('is a missing lock file, unless nothing is required', () => {
    const chosen = [{ requirement, choice: choose(requirement, {}, true) }];
    expect(driftOf(chosen, undefined, 'VMFile.lock')).toEqual(['There is no VMFile.lock.']);
    expect(driftOf([], undefined, 'VMFile.lock')).toEqual([]);
  });
});
