import { describeContributions } from '../plugins/contributions.js';
import type { PluginDetails, PluginListing } from '../plugin-store/plugin-details.js';
import type { OrphanedVm } from '../operations/orphaned-vms.js';
import type { AddedPlugin, Uninstalled, UpdatedPlugin } from '../plugin-store/changes.js';
import type { Style } from './style.js';
import { renderTable } from './table.js';
import { oneLine } from './terminal-text.js';
import { formatBytes } from './units.js';

/** `vmctl plugins` for people. */
export function pluginTable(plugins: readonly PluginListing[], style: Style): string[] {
  return renderTable(plugins, [
    { title: 'NAME', value: ({ name }) => oneLine(name) },
    { title: 'VERSION', value: ({ version }) => oneLine(version ?? '-') },
    { title: 'ORIGIN', value: ({ origin }) => origin },
    { title: 'BRINGS', value: (plugin) => brings(plugin, style) },
  ]);
}

function brings({ contributes, problem }: PluginListing, style: Style): string {
  if (problem !== null) return style.bad('nothing: broken');
  const phrases = contributes === null ? [] : describeContributions(contributes);
  return phrases.length === 0 ? '-' : oneLine(phrases.join('; '));
}

/** A line about a broken plugin, and what to do below it. */
export function problemLines({ name, problem }: Pick<PluginListing, 'name' | 'problem'>): string[] {
  return problem === null ? [] : [`! ${oneLine(name)}: ${problem.message}`, `  ${problem.hint}`];
}

/** A plugin that is there now: what it brings. */
export function addedLine(plugin: AddedPlugin): string {
  const { name, version, replaced, unlinked, contributes } = plugin;
  const phrases = contributes === null ? [] : describeContributions(contributes);
  const was =
    unlinked !== null
      ? ` (in place of the one linked from ${unlinked})`
      : replaced === null || replaced === version
        ? ''
        : ` (was ${replaced})`;
  return oneLine(`${name} ${version}${was}: ${phrases.length === 0 ? 'brings nothing' : phrases.join('; ')}`);
}

/** A warning about VMs that nobody can work with any more; empty when there are none. */
export function orphanedLines(vms: readonly OrphanedVm[]): string[] {
  if (vms.length === 0) return [];
  const names = vms.map(({ name }) => name).join(', ');
  const backends = [...new Set(vms.map(({ backend }) => backend))].join(', ');
  const them = vms.length === 1 ? 'it' : 'them';
  return [
    `! Without the backend ${oneLine(backends)} vmctl cannot stop or destroy ${oneLine(names)}.`,
    `  Install the plugin again to work with ${them}.`,
  ];
}

/** What was removed, and what is there again in its place. */
export function uninstalledLines({ removed, restored }: Uninstalled): string[] {
  const back = new Set(restored.map(({ name }) => name));
  const gone = removed.filter((name) => !back.has(name));
  return [
    ...(gone.length === 0 ? [] : [oneLine(`Removed ${gone.join(', ')}.`)]),
    ...restored.flatMap(({ name, version }) => [
      oneLine(`Unlinked ${name}: the installed one${version === null ? '' : `, ${version},`} is used again.`),
      oneLine(`To remove it too: vmctl plugins uninstall ${name}`),
    ]),
  ];
}

/** What an update did with a plugin. */
export function updatedLine({ name, before, after, changed, problem }: UpdatedPlugin): string {
  if (problem !== null) return oneLine(`${name} ${before ?? '-'}: not updated`);
  if (!changed) return oneLine(`${name} ${after ?? '-'}: up to date`);
  if (before === after) return oneLine(`${name} ${after ?? '-'}: installed anew`);
  return oneLine(`${name} ${before ?? '-'} → ${after ?? '-'}`);
}

/** `vmctl plugins inspect` for people. */
export function detailLines(details: PluginDetails, style: Style): string[] {
  const { contributes, problem, dependencies, files } = details;
  const facts: readonly (readonly [title: string, value: string | null])[] = [
    ['version', details.version],
    ['origin', details.from === null ? details.origin : `${details.origin}: ${details.from}`],
    ['fetched', details.resolved],
    ['integrity', details.integrity],
    ['directory', details.root],
    ['license', details.license],
    ['homepage', details.homepage],
    ['plugin API', details.apiVersion === null ? null : String(details.apiVersion)],
    ['entry', details.entry],
  ];
  const shown = facts.flatMap(([title, value]) => (value === null ? [] : [{ title, value }]));
  const width = Math.max(...shown.map(({ title }) => title.length));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const phrases = contributes === null ? [] : describeContributions(contributes);
  return [
    style.strong(oneLine(details.name)),
    ...(details.description === null ? [] : [oneLine(details.description)]),
    '',
    ...shown.map(({ title, value }) => `${title.padEnd(width)}  ${oneLine(value)}`),
    '',
    ...section('brings', problem === null ? phrases : [style.bad(problem.message), problem.hint], style),
    '',
    ...section(
      'dependencies',
      dependencies.map(({ name, range, version }) =>
        version === null
          ? `${oneLine(name)} ${oneLine(range)}: ${style.bad('missing')}`
          : oneLine(`${name} ${version} (${range})`),
      ),
      style,
    ),
    '',
    ...section(`files (${files.length}, ${formatBytes(total)})`, fileLines(files), style),
  ];
}

/** More files than this push what is above them off the screen. */
const FILES_SHOWN = 20;

function fileLines(files: PluginDetails['files']): string[] {
  const shown = files.length > FILES_SHOWN + 1 ? files.slice(0, FILES_SHOWN) : files;
  const more = files.length - shown.length;
  const table = renderTable(shown, [
    { title: '', value: ({ bytes }) => formatBytes(bytes), align: 'right' },
    { title: '', value: ({ path }) => oneLine(path) },
  ]).slice(1);
  return more === 0 ? table : [...table, `… and ${more} more, which --json lists`];
}

function section(title: string, lines: readonly string[], style: Style): string[] {
  return [style.strong(title), ...(lines.length === 0 ? ['none'] : lines).map((line) => `  ${line}`)];
}
