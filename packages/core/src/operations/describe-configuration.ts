import { userDirectory } from '../config/find-config.js';
import { keyText, originIn } from '../config/config-file.js';
import type { ReportedConfigProblem } from '../config/invalid-config.js';
import type { Origin } from '../config/origin.js';
import type { ConfigProblem } from '../config/problem.js';
import { MIRRORS_VARIABLE, SETTING_KEYS, type SettingKey, SETTINGS } from '../config/settings.js';
import { platformDefaults } from '../hypervisor/platforms.js';
import { hidePasswords } from '../vmfile/passwords.js';
import { DEFAULT_BRIDGE } from '../vmfile/read-network.js';
import { parallelism, readyTimeoutMs, stopTimeoutMs } from './effective-settings.js';
import type { Runtime } from './runtime.js';
import { type UnknownVariable, unknownVariables } from './unknown-variables.js';

export interface DescribeConfigurationOptions {
  /** What flags say, which goes before everything. */
  readonly flags?:
    { readonly backend?: string | undefined; readonly parallel?: number | undefined } | undefined;
}

/** One setting and what counts for it. Field names are those of `vmctl config --json`. */
export interface ConfiguredSetting {
  /** Where it stands in a file: `timeouts.stop`, `images.mirrors["https://example.org/"]`, `backends.qemu.binary`. */
  readonly key: string;
  /** Null: nobody says anything, and there is no one value for that. */
  readonly value: string | number | boolean | readonly string[] | null;
  readonly origin: Origin;
  /** The variable that goes before files. */
  readonly variable: string | null;
  /** The flag that goes before everything. */
  readonly flag: string | null;
  readonly description: string;
}

/** What is configured. Field names are those of `vmctl config --json`. */
export interface ConfigurationReport {
  readonly ok: boolean;
  readonly files: {
    /** Those that are read; more than one in a directory is a problem. Absolute. */
    readonly project: readonly string[];
    readonly user: readonly string[];
    /** Passed over: another user has put them where everybody may write. */
    readonly foreign: readonly string[];
    /** Where the user's file would be. */
    readonly userDirectory: string;
  };
  readonly settings: readonly ConfiguredSetting[];
  /** Variables that are named like those of vmctl and that nobody reads; no problem, and likely a mistake. */
  readonly ignored: readonly UnknownVariable[];
  readonly problems: readonly ReportedConfigProblem[];
  /** The problems as people read them; null when there is none. */
  readonly message: string | null;
}

/**
 * What is configured, and where each value comes from. Backends that a file speaks of, and the one that new VMs get, are
 * loaded, for only they know their settings. What is wrong is in the report, and the rest counts.
 */
export async function describeConfiguration(
  runtime: Runtime,
  { flags = {} }: DescribeConfigurationOptions = {},
): Promise<ConfigurationReport> {
  const { configuration } = runtime;
  const settings = SETTING_KEYS.map((key) => describeSetting(runtime, key, flags));
  for (const { value, origin } of configuration?.mirrors ?? []) {
    settings.push({
      key: keyText(['images', 'mirrors', value.prefix]),
      value: value.urls.map(hidePasswords),
      origin,
      variable: MIRRORS_VARIABLE,
      flag: null,
      description: 'Other places for images whose URLs begin with this.',
    });
  }
  const backends = await describeBackends(runtime, settings[0]?.value);
  const problems = [...(configuration?.problems ?? []), ...backends.problems];
  return {
    ok: problems.length === 0,
    files: {
      project: configuration?.files.project ?? [],
      user: configuration?.files.user ?? [],
      foreign: configuration?.files.foreign ?? [],
      userDirectory: userDirectory(runtime),
    },
    settings: [...settings, ...backends.settings],
    ignored: await unknownVariables(runtime),
    ...(await reportProblems(problems)),
  };
}

async function reportProblems(
  problems: readonly ConfigProblem[],
): Promise<Pick<ConfigurationReport, 'problems' | 'message'>> {
  if (problems.length === 0) return { problems: [], message: null };
  const { invalidConfig, reportProblem } = await import('../config/invalid-config.js');
  return { problems: problems.map(reportProblem), message: invalidConfig(problems).message };
}

function describeSetting(
  runtime: Runtime,
  key: SettingKey,
  flags: NonNullable<DescribeConfigurationOptions['flags']>,
): ConfiguredSetting {
  const { variable, flag, description } = SETTINGS[key];
  const given = key === 'backend' ? flags.backend : key === 'parallel' ? flags.parallel : undefined;
  const said: { readonly value: string | number; readonly origin: Origin } | undefined =
    given !== undefined && flag !== undefined
      ? { value: given, origin: { source: 'flag', flag } }
      : runtime.configuration?.get(key);
  const { value, origin } = said ?? { value: fallback(runtime, key), origin: { source: 'default' } };
  return { key, value, origin, variable, flag: flag ?? null, description };
}

/** What counts when nobody says anything: asked where it is used. */
function fallback(runtime: Runtime, key: SettingKey): string | number | null {
  switch (key) {
    case 'backend':
      return platformDefaults[runtime.platform]?.backend ?? null;
    case 'parallel':
      return parallelism(runtime, undefined);
    case 'dataDir':
      return runtime.dataDir.path;
    case 'bridge':
      return DEFAULT_BRIDGE;
    case 'timeouts.ready':
      return readyTimeoutMs(runtime) / 1000;
    case 'timeouts.stop':
      return stopTimeoutMs(runtime, undefined) / 1000;
  }
}

async function describeBackends(
  runtime: Runtime,
  chosen: ConfiguredSetting['value'] | undefined,
): Promise<{ readonly settings: readonly ConfiguredSetting[]; readonly problems: readonly ConfigProblem[] }> {
  const named = runtime.configuration?.backendNames ?? [];
  const plugins = await runtime.plugins();
  const names = new Set(named);
  // The one that new VMs get need not be installed.
  if (typeof chosen === 'string' && plugins.claims('hypervisors', chosen)) names.add(chosen);
  const settings: ConfiguredSetting[] = [];
  const problems: ConfigProblem[] = [];
  for (const name of [...names].toSorted()) {
    const isThere = await runtime.router.backend(name).then(
      () => true,
      () => false, // the commands that need it say why
    );
    if (!isThere) {
      settings.push(...unchecked(runtime, name));
      continue;
    }
    const { settings: declared, values, problems: found } = await runtime.backendConfiguration.inspect(name);
    problems.push(...found);
    for (const [key, { variable, description }] of Object.entries(declared)) {
      const { value, origin } = values.get(key) ?? { value: null, origin: { source: 'default' } as const };
      const at = keyText(['backends', name, key]);
      settings.push({ key: at, value, origin, variable: variable ?? null, flag: null, description });
    }
  }
  return { settings, problems };
}

/** What files say about a backend that is not there, as it stands. */
function unchecked(runtime: Runtime, backend: string): readonly ConfiguredSetting[] {
  const found = new Map<string, ConfiguredSetting>();
  for (const { file, settings } of runtime.configuration?.backend(backend) ?? []) {
    for (const [name, value] of Object.entries(settings)) {
      const path = ['backends', backend, name];
      const key = keyText(path);
      if (found.has(key)) continue;
      const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
      found.set(key, {
        key,
        value: typeof value === 'string' ? hidePasswords(value) : isPlain ? value : null,
        origin: originIn(file, path),
        variable: null,
        flag: null,
        description: `Not checked: the backend ${backend} is not there, or does not work.`,
      });
    }
  }
  return [...found.values()];
}
