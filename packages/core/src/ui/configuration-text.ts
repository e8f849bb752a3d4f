import type { ConfigurationReport, ConfiguredSetting } from '../operations/describe-configuration.js';
import type { Origin } from '../config/origin.js';
import { oneLine } from './terminal-text.js';
import { renderTable } from './table.js';

/** `vmctl config` for people: a line a setting, and the files that were read. */
export function configurationLines(
  { settings, files }: ConfigurationReport,
  shorten: (path: string) => string,
): string[] {
  const table = renderTable(settings, [
    { title: 'SETTING', value: ({ key }) => key },
    { title: 'VALUE', value: ({ value }) => valueText(value) },
    { title: 'FROM', value: ({ origin }) => originText(origin, shorten) },
  ]);
  const read = [...files.project, ...files.user].map(shorten);
  return [
    ...table,
    '',
    read.length === 0 ? 'No configuration files.' : `Files: ${read.join(', ')}`,
    ...files.foreign.map((path) => `Passed over, because it belongs to another user: ${shorten(path)}`),
  ];
}

function valueText(value: ConfiguredSetting['value']): string {
  if (value === null) return '-';
  return oneLine(typeof value === 'object' ? value.join(', ') : String(value));
}

function originText(origin: Origin, shorten: (path: string) => string): string {
  switch (origin.source) {
    case 'default':
      return 'default';
    case 'flag':
      return origin.flag;
    case 'variable':
      return origin.variable;
    case 'project':
    case 'user':
      return origin.line === undefined ? shorten(origin.file) : `${shorten(origin.file)}:${origin.line}`;
  }
}
