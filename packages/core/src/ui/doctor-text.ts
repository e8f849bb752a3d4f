import type { DoctorReport } from '../operations/doctor.js';
import type { Style } from './style.js';

/** `vmctl doctor` for people: a line a finding, what to do below it. */
export function doctorLines(report: DoctorReport, style: Style): string[] {
  const marks = { ok: style.good('✓'), warning: style.warn('!'), error: style.bad('✗') };
  const width = Math.max(...report.findings.map(({ title }) => title.length));
  const lines: string[] = [];
  let group: string | undefined;
  for (const finding of report.findings) {
    if (finding.group !== group) {
      if (group !== undefined) lines.push('');
      group = finding.group;
      lines.push(style.strong(group));
    }
    const [first = '', ...rest] = (finding.detail ?? '').split('\n');
    lines.push(`  ${marks[finding.status]} ${finding.title.padEnd(width)}  ${first}`.trimEnd());
    const indent = ' '.repeat(width + 6);
    lines.push(...rest.map((line) => indent + line));
    if (finding.fix !== undefined) lines.push(`${indent}${style.dim('fix:')} ${finding.fix}`);
  }
  return lines;
}
