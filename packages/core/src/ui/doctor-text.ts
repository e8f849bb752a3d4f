import type { Repair, RepairResult } from '../operations/doctor/finding.js';
import type { DoctorReport } from '../operations/doctor.js';
import type { Style } from './style.js';

/** Titles beyond this many columns have the rest below them, so that one long title does not push all others away. */
const TITLE_COLUMNS = 40;

/** `vmctl doctor` for people: a line a finding, what to do below it. */
export function doctorLines(report: DoctorReport, style: Style): string[] {
  const marks = { ok: style.good('✓'), warning: style.warn('!'), error: style.bad('✗') };
  const widths = report.findings.map(({ title }) => title.length).filter((width) => width <= TITLE_COLUMNS);
  const width = Math.max(0, ...widths);
  const lines: string[] = [];
  let group: string | undefined;
  for (const finding of report.findings) {
    if (finding.group !== group) {
      if (group !== undefined) lines.push('');
      group = finding.group;
      lines.push(style.strong(group));
    }
    const { title, detail, fix } = finding;
    const below = [
      ...(detail === undefined || detail === '' ? [] : detail.split('\n')),
      ...(fix === undefined ? [] : [`${style.dim('fix:')} ${fix}`]),
    ];
    // What has to be done is read as sentences: these begin at the left, whatever the titles.
    const isShort = title.length <= width && finding.status === 'ok';
    const first = isShort ? (below.shift() ?? '') : '';
    lines.push(`  ${marks[finding.status]} ${first === '' ? title : `${title.padEnd(width)}  ${first}`}`);
    const indent = ' '.repeat(isShort ? width + 6 : 4);
    lines.push(...below.map((line) => indent + line));
  }
  const mendable = report.findings.filter(({ repair }) => repair !== undefined).length;
  if (mendable > 0) lines.push('', `\`vmctl doctor --fix\` mends ${mendable} of these.`);
  return lines;
}

/** What a repair does, as the end of a sentence: "vmctl will …". */
export function repairText(repair: Repair): string {
  switch (repair.kind) {
    case 'restrict-permissions':
      return `take the rights of others away: chmod ${repair.mode.slice(1)} ${repair.path}`;
    case 'clear-lock':
      return `free the lock of a dead process: ${repair.path}`;
    case 'remove-half-made-vm':
      return `remove what a killed command left half made of the VM ${repair.vm}; no disk that was used`;
    case 'remove-image-claims':
      return `forget which images ${repair.vms.join(', ')} would need`;
    case 'clean-image-cache':
      return 'remove parts of downloads and hidden images from the image cache';
    case 'prune-project-plugins':
      return 'remove plugins of projects that no VM needs: vmctl plugins prune';
    case 'install-plugins':
      return `install from the package registry: ${repair.packages.join(' ')}`;
  }
}

/** What became of a repair, for people. */
export function repairResultText({ repair, outcome, error }: RepairResult): string {
  const text = repairText(repair);
  switch (outcome) {
    case 'mended':
      return `Done: ${text}`;
    case 'unneeded':
      return `No more needed: ${text}`;
    case 'busy':
      return `Left alone, another command works on it: ${text}`;
    case 'failed': {
      const { message = '', hint } = error ?? {};
      return `Failed: ${text}\n  ${message}${hint === undefined ? '' : `\n  ${hint}`}`;
    }
  }
}
