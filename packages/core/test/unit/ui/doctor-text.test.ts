import { describe, expect, it } from '@jest/globals';
import { doctorLines, repairResultText } from '../../../src/ui/doctor-text.js';

const same = (text: string): string => text;
const plain = { strong: same, dim: same, good: same, warn: same, bad: same };

describe('the findings of doctor', () => {
  it('are a line each, in groups, with details in a column', () => {
    const findings = [
      { id: 'a', group: 'host', status: 'ok', title: 'ssh', detail: 'OpenSSH' },
      { id: 'b', group: 'host', status: 'ok', title: 'qemu-img' },
      { id: 'c', group: 'state', status: 'ok', title: 'data', detail: '2 VMs' },
    ] as const;
    expect(doctorLines({ ok: true, findings }, plain)).toEqual([
      'host',
      '  ✓ ssh       OpenSSH',
      '  ✓ qemu-img',
      '',
      'state',
      '  ✓ data      2 VMs',
    ]);
  });

  it('say what to do at the left, and a long title moves no other line', () => {
    const title = 'A title that takes more room than a column of a table has';
    const findings = [
      { id: 'a', group: 'host', status: 'ok', title: 'ssh', detail: 'OpenSSH' },
      { id: 'b', group: 'host', status: 'warning', title, detail: 'Because.\nIndeed.', fix: 'Do it.' },
      { id: 'c', group: 'host', status: 'error', title: 'kvm', detail: 'It is gone.' },
    ] as const;
    expect(doctorLines({ ok: false, findings }, plain)).toEqual([
      'host',
      '  ✓ ssh  OpenSSH',
      `  ! ${title}`,
      '    Because.',
      '    Indeed.',
      '    fix: Do it.',
      '  ✗ kvm',
      '    It is gone.',
    ]);
  });
});

describe('what vmctl can mend', () => {
  const repair = { kind: 'restrict-permissions', path: '/data', mode: '0700' } as const;
  const text = 'take the rights of others away: chmod 700 /data';

  it('is counted below the findings', () => {
    const findings = [
      { id: 'a', group: 'state', status: 'warning', title: 'open directory', fix: 'chmod 700 /data', repair },
      { id: 'b', group: 'state', status: 'warning', title: 'odd' },
    ] as const;
    expect(doctorLines({ ok: true, findings }, plain).slice(-2)).toEqual([
      '',
      '`vmctl doctor --fix` mends 1 of these.',
    ]);
  });

  it.each([
    [{ repair, outcome: 'mended' } as const, `Done: ${text}`],
    [{ repair, outcome: 'unneeded' } as const, `No more needed: ${text}`],
    [{ repair, outcome: 'busy' } as const, `Left alone, another command works on it: ${text}`],
    [
      {
        repair,
        outcome: 'failed',
        error: { code: 'X', message: 'It is read-only.', hint: 'Mount it anew.' },
      } as const,
      `Failed: ${text}\n  It is read-only.\n  Mount it anew.`,
    ],
  ])('is told with how it went', (result, told) => {
    expect(repairResultText(result)).toBe(told);
  });
});
