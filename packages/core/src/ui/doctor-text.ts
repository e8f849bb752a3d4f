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
  return lines;
}
