import { describe, expect, it } from '@jest/globals';
import { TransferLines } from '../../../src/ui/transfer-lines.js';
import { plainStyle } from '../../support/plain-style.js';

const report = (subject: string, done: number) => ({ task: 'download', subject, done, total: 100 });
const size = { columns: 40, rows: 6 };

describe('transfers of no VM', () => {
  it('have a line each, which goes when all is there and right', () => {
    const lines = new TransferLines();
    lines.report(report('a.img', 10), 0);
    lines.report(report('b.img', 20), 0);
    lines.report(report('a.img', 30), 0);
    expect(lines.lines(size, 0, plainStyle)).toEqual([
      expect.stringMatching(/^a\.img .* 30 %/),
      expect.stringMatching(/^b\.img .* 20 %/),
    ]);
    lines.report({ ...report('a.img', 0), task: 'verify' }, 0);
    expect(lines.lines(size, 0, plainStyle)[0]).toBe('checking a.img');
    lines.report({ ...report('a.img', 100), task: 'verify' }, 0);
    expect(lines.lines(size, 0, plainStyle)).toEqual([expect.stringMatching(/^b\.img/)]);
  });

  it('give way to the next one where they are copies, which are made one after the other', () => {
    const lines = new TransferLines();
    for (const subject of ['a.img', 'b.img']) lines.report({ ...report(subject, 100), task: 'copy' }, 0);
    expect(lines.lines(size, 0, plainStyle)).toEqual([expect.stringMatching(/^b\.img .*100 %/)]);
  });

  it('are no more than fit, with the number of the others', () => {
    const lines = new TransferLines();
    for (let index = 0; index < 10; index++) lines.report(report(`${index}.img`, 0), 0);
    expect(lines.lines(size, 0, plainStyle)).toHaveLength(4);
    expect(lines.lines(size, 0, plainStyle).at(-1)).toBe('… and 7 more');
  });

  it('each have a rate of their own', () => {
    const lines = new TransferLines();
    lines.report({ ...report('a.img', 0), total: undefined }, 0);
    lines.report({ ...report('b.img', 0), total: undefined }, 0);
    lines.report({ ...report('a.img', 2048), total: undefined }, 2000);
    lines.report({ ...report('b.img', 8192), total: undefined }, 2000);
    expect(lines.lines(size, 2000, plainStyle)).toEqual([
      'a.img  2 KiB     1 KiB/s',
      'b.img  8 KiB     4 KiB/s',
    ]);
  });
});
