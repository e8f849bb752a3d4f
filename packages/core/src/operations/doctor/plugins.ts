import { setImmediate } from 'node:timers/promises';
import { reportError } from '../../errors/error-report.js';
import { messageOf } from '../../errors/vmctl-error.js';
import type { HostFinding } from '../../hypervisor/contract.js';
import { platformDefaults } from '../../hypervisor/platforms.js';
import type { Conflict, ContributionKind, KnownPlugin, RejectedPlugin } from '../../plugins/catalog.js';
import { describeContributions } from '../../plugins/contributions.js';
import { unknownContributions } from '../../plugins/manifest.js';
import { KNOWN_PROVISIONERS, type PluginSystem, PROVISIONERS_PACKAGE } from '../../plugins/plugin-system.js';
import type { DoctorFinding } from './finding.js';
import type { Runtime } from '../runtime.js';

const GROUP = { group: 'plugins' } as const;

const NOUNS: Readonly<Record<ContributionKind, string>> = {
  hypervisors: 'backend',
  provisioners: 'provisioner',
  imageSources: 'image source',
  vmNodes: 'VMFile node',
};

/** What `doctor` says of the plugins: each is loaded, which no other command does. */
export async function pluginFindings(runtime: Runtime): Promise<{
  readonly findings: readonly DoctorFinding[];
  /** Ends the watch for errors that plugins leave behind, and gives what was found. */
  readonly stray: () => readonly DoctorFinding[];
}> {
  const plugins = await runtime.plugins();
  const strayFindings: DoctorFinding[] = [];
  const end = runtime.divertStrayErrors((error, plugin) => {
    strayFindings.push({
      ...GROUP,
      id: `plugin:${plugin ?? 'vmctl'}:stray`,
      status: 'error',
      title: plugin ?? 'vmctl',
      detail: messageOf(error),
      fix:
        plugin === undefined
          ? undefined
          : `Tell its authors, or remove it: vmctl plugins uninstall ${plugin}`,
    });
  });
  const findings: HostFinding[] = [
    ...plugins.catalog.rejected.map(rejectedFinding),
    // One after the other: what they do to the process is then known to be theirs.
    ...(await inTurn(plugins.catalog.plugins, (plugin) => activationFinding(plugins, plugin))),
    ...plugins.conflicts.map(conflictFinding),
  ];
  return {
    findings: [
      ...findings.map((finding) => ({ ...finding, ...GROUP })),
      ...backendFinding(runtime, plugins),
      ...provisionersFinding(runtime, plugins),
    ],
    stray: () => {
      end();
      return strayFindings;
    },
  };
}

function rejectedFinding({ package: pkg, problem }: RejectedPlugin): HostFinding {
  return {
    id: `plugin:${pkg.name}`,
    status: 'error',
    title: `${pkg.name} ${pkg.version}`.trimEnd(),
    detail: problem.message,
    fix: problem.hint,
  };
}

async function activationFinding(plugins: PluginSystem, plugin: KnownPlugin): Promise<HostFinding> {
  const { name, version } = plugin.package;
  const base = { id: `plugin:${name}`, title: `${name} ${version}` };
  try {
    await plugins.tryActivate(plugin);
    // A promise that it forgot is reported only now.
    await setImmediate();
    const unknown = unknownContributions(plugin.package);
    if (unknown !== null) return { ...base, status: 'warning', detail: unknown };
    return { ...base, status: 'ok', detail: describeContributions(plugin.manifest.contributes).join(', ') };
  } catch (error) {
    return { ...base, status: 'error', detail: messageOf(error), fix: reportError(error).hint };
  }
}

function conflictFinding({ kind, key, plugins, isCores }: Conflict): HostFinding {
  const id = `conflict:${kind}:${key}`;
  const title = `${NOUNS[kind]} ${key}`;
  if (isCores) {
    const detail = `vmctl brings "${key}" itself, and that is used; ${plugins.join(' and ')} would bring it too.`;
    return { id, status: 'warning', title, detail };
  }
  return {
    id,
    status: 'error',
    title,
    detail: `${plugins.join(' and ')} both bring it; whatever needs it fails.`,
    fix: `Keep one of them, for example: vmctl plugins uninstall ${plugins.at(-1)}`,
  };
}

function backendFinding(runtime: Runtime, plugins: PluginSystem): DoctorFinding[] {
  const preferred = platformDefaults[runtime.platform];
  if (preferred === undefined || plugins.installed('hypervisors').includes(preferred.backend)) return [];
  return [
    {
      ...GROUP,
      ...missing(plugins, preferred.package),
      id: 'backend',
      status: 'error',
      title: `backend ${preferred.backend}`,
      detail: `No plugin brings ${preferred.backend}, the backend of this platform.`,
    },
  ];
}

/** A VM runs without them; most VMFiles have a step of theirs. */
function provisionersFinding(runtime: Runtime, plugins: PluginSystem): DoctorFinding[] {
  const installed = plugins.installed('provisioners');
  const lacking = KNOWN_PROVISIONERS.filter((type) => !installed.includes(type));
  if (platformDefaults[runtime.platform] === undefined || lacking.length === 0) return [];
  return [
    {
      ...GROUP,
      ...missing(plugins, PROVISIONERS_PACKAGE),
      id: 'provisioners',
      status: 'warning',
      title: `provisioners ${lacking.join(', ')}`,
      detail: 'No plugin brings them; VMFiles with such steps are refused.',
    },
  ];
}

/** One that is there and cannot be used has a finding of its own: putting another in its place may not be what is wanted. */
function missing({ catalog }: PluginSystem, name: string): Pick<DoctorFinding, 'fix' | 'repair'> {
  const isThere = [...catalog.plugins, ...catalog.rejected].some((each) => each.package.name === name);
  const fix = `vmctl plugins install ${name}`;
  return isThere ? { fix } : { fix, repair: { kind: 'install-plugins', packages: [name] } };
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
