import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lstat, readFile, symlink, writeFile } from 'node:fs/promises';
import { isVmctlError } from '../../../src/errors/vmctl-error.js';
import {
  formatLock,
  lockPathOf,
  parseLock,
  type PluginPins,
  readLock,
  writeLock,
} from '../../../src/project-plugins/lock-file.js';
import { digestOf, type PluginPin } from '../../../src/project-plugins/pin.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { acmePin, integrity } from './pins.js';

const pinsOf = (...pins: readonly PluginPin[]): PluginPins => new Map(pins.map((pin) => [pin.name, pin]));
const text = formatLock(pinsOf(acmePin()), 'VMFile.lock');

/** Code, message and hint of the error that a text gives. */
function damageIn(damaged: string): {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
} {
  try {
    parseLock(damaged, '/project/VMFile.lock');
  } catch (error) {
    if (!isVmctlError(error)) throw error;
    return { code: error.code, message: error.message, hint: error.hint ?? '' };
  }
  throw new Error('There was no error.');
}

describe('a lock file', () => {
  it.each([
    ['/project/VMFile.kdl', '/project/VMFile.lock'],
    ['/project/lab.kdl', '/project/lab.lock'],
    ['/project/VMFile', '/project/VMFile.lock.json'],
    ['/project/VMFile.KDL', '/project/VMFile.KDL.lock.json'],
    ['/project.kdl/VMFile.test', '/project.kdl/VMFile.test.lock.json'],
  ])('of %s is %s', (vmfile, lock) => {
    expect(lockPathOf(vmfile)).toBe(lock);
  });

  it('belongs to one VMFile, whatever others there are in its directory', () => {
    const endings = ['', '.kdl', '.KDL', '.lock', '.json', '.lock.json'];
    const names = endings.flatMap((first) => endings.map((last) => `/project/VMFile${first}${last}`));
    expect(new Set(names.map(lockPathOf)).size).toBe(new Set(names).size);
  });

  it('is the same text whatever order pins and fields come in, and ends with one newline', () => {
    const [a, b] = [acmePin(), acmePin({ name: 'zeta' })];
    const swapped = Object.fromEntries(Object.entries(a.packages).toReversed());
    expect(formatLock(pinsOf(b, { ...a, packages: swapped }), 'VMFile.lock')).toBe(
      formatLock(pinsOf(a, b), 'VMFile.lock'),
    );
    expect(text).toMatch(/[^\n]\n$/);
    expect(text).toContain('is made by vmctl');
  });

  it('reads what it wrote', () => {
    const name = fc.stringMatching(/^(@[a-z]{1,5}\/)?[a-z][a-z0-9-]{0,8}$/);
    const version = fc.stringMatching(/^\d{1,2}\.\d{1,2}\.\d{1,2}(-[a-z]{1,3}\.\d)?$/);
    const pin = fc
      .record({ name, version, range: fc.constantFrom('^1', '*', '>=1 <2') })
      .map((changes) => acmePin(changes));
    fc.assert(
      fc.property(fc.uniqueArray(pin, { selector: (each) => each.name, maxLength: 4 }), (pins) => {
        const read = parseLock(formatLock(pinsOf(...pins), 'VMFile.lock'), '/VMFile.lock');
        expect(new Map(read)).toEqual(new Map(pinsOf(...pins)));
        expect([...read.values()].map(digestOf).toSorted()).toEqual(pins.map(digestOf).toSorted());
      }),
    );
  });

  it.each([
    [
      'markers of a merge',
      text.replace('      "range"', '<<<<<<< HEAD\n      "range"'),
      'VMFile.lock:6:1: a merge has left its conflict here',
      'git checkout --ours VMFile.lock',
    ],
    [
      'text that is no JSON',
      text.replace('"version": "1.2.3",', '"version" "1.2.3",'),
      'VMFile.lock:7:17: the file is no JSON',
      'git checkout -- VMFile.lock',
    ],
    ['half a file', text.slice(0, 200), 'the file is no JSON', 'vmctl up'],
    ['an empty file', '', 'VMFile.lock:1:1: the file is no JSON', 'vmctl up'],
    ['another document', '[]', 'it is not an object', 'vmctl up'],
    [
      'a newer format',
      text.replace('"lockfileVersion": 1', '"lockfileVersion": 7'),
      'VMFile.lock:3:3: the file has the format 7',
      'Update vmctl',
    ],
    [
      'no format',
      text.replace('"lockfileVersion": 1', '"lockfileVersion": "x"'),
      'VMFile.lock:3:3:',
      'vmctl up',
    ],
    [
      'a version that leads elsewhere',
      text.replace('"1.2.3"', '"../../x"'),
      'VMFile.lock:7:7: "version" of @acme/nix is no version',
      'vmctl up',
    ],
    [
      'a weak integrity',
      text.replace(integrity('A'), 'sha1-AAAA'),
      'VMFile.lock:8:7: "integrity" of @acme/nix',
      'vmctl up',
    ],
    [
      'a place outside of the tree',
      text.replace('node_modules/left-pad', 'node_modules/../../x'),
      'is no place in an npm tree',
      'vmctl up',
    ],
    [
      'a dependency without integrity',
      text.replace(integrity('B'), ''),
      'node_modules/left-pad has no integrity',
      'vmctl up',
    ],
    [
      'a name that leads elsewhere',
      text.replace('"@acme/nix": {', '"../nix": {'),
      "is no package's name",
      'vmctl up',
    ],
  ])('says where the damage is and what to do about %s', (_, damaged, message, hint) => {
    const error = damageIn(damaged);
    expect(error.code).toBe('VMCTL_LOCKFILE_INVALID');
    expect(error.message).toContain('/project/VMFile.lock cannot be read');
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
  });

  it('never fails in another way, whatever is cut out of it', () => {
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(40), (start, length) => {
        const cut = text.slice(0, start) + text.slice(start + length);
        try {
          parseLock(cut, '/VMFile.lock');
        } catch (error) {
          expect(isVmctlError(error) && error.code).toBe('VMCTL_LOCKFILE_INVALID');
        }
      }),
    );
  });
});

describe('a lock file on disk', () => {
  const directory = useTemporaryDirectory();

  it('is none where there is none, and is written only when something changes', async () => {
    const path = `${directory.path}/VMFile.lock`;
    expect(await readLock(path)).toBeUndefined();
    expect(await writeLock(path, pinsOf(acmePin()))).toBe(true);
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await writeLock(path, pinsOf(acmePin()))).toBe(false);
    expect(await readLock(path)).toEqual(pinsOf(acmePin()));
  });

  it('stays a link when it is one', async () => {
    const [link, path] = [`${directory.path}/VMFile.lock`, `${directory.path}/shared.lock`];
    await writeFile(path, '');
    await symlink('shared.lock', link);
    expect(await writeLock(link, pinsOf(acmePin()))).toBe(true);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});
