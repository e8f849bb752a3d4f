import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BEGIN, END, withEntries } from '../dist/hosts-block.js';

const db = { address: '10.0.2.2', names: ['db', 'db.internal'] };
const part = `${BEGIN}\n10.0.2.2 db db.internal\n${END}\n`;

describe("vmctl's part of a hosts file", () => {
  it('comes after what is there', () => {
    assert.equal(withEntries('127.0.0.1 localhost\n', [db]), `127.0.0.1 localhost\n${part}`);
    assert.equal(withEntries('127.0.0.1 localhost', [db]), `127.0.0.1 localhost\n${part}`);
    assert.equal(withEntries('', [db]), part);
  });

  it('is replaced where it is', () => {
    const file = `a\n${BEGIN}\n10.9.9.9 old\n${END}\nb\n`;
    assert.equal(withEntries(file, [db]), `a\n${part}b\n`);
  });

  it('goes away with the last entry, and leaves the rest as it was', () => {
    assert.equal(withEntries(`a\n\n${part}b\n`, []), 'a\n\nb\n');
    assert.equal(withEntries('a\n', []), 'a\n');
    assert.equal(withEntries(part, []), '');
  });

  it('is not guessed at when a mark is missing', () => {
    for (const file of [`${BEGIN}\na\n`, `a\n${END}\n`, `${END}\n${BEGIN}\n`]) {
      assert.equal(withEntries(file, [db]), undefined);
    }
  });
});
