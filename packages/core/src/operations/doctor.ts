import { statfs } from 'node:fs/promises';
import { reportError } from '../errors/error-report.js';
import { isVmctlError, messageOf } from '../errors/vmctl-error.js';
import type { HostFinding } from '../hypervisor/contract.js';
import { pluginFindings } from './doctor-plugins.js';
import { projectPluginFindings } from './project-plugin-use.js';
import type { Runtime } from './runtime.js';

/** Findings in the order they are shown, in groups. */
export interface DoctorReport {
  readonly ok: boolean;
  readonly findings: readonly (HostFinding & { readonly group: 'plugins' | 'host' | 'state' })[];
}

const LOW_SPACE = 2 * 2 ** 30;

/** Looks at plugins, host and state, and says what is wrong and which command mends it. */
export async function doctor(
  runtime: Runtime,
  options: { signal?: AbortSignal } = {},
): Promise<DoctorReport> {
  const signal = options.signal ?? new AbortController().signal;
  const { findings: plugins, stray } = await pluginFindings(runtime);
  const ofProjects = await projectPluginFindings(runtime);
  const others = [
    ...(await hostFindings(runtime, signal)).map((finding) => ({ ...finding, group: 'host' as const })),
    ...(await stateFindings(runtime)).map((finding) => ({ ...finding, group: 'state' as const })),
  ];
  // Last, because code that plugins left running may have failed meanwhile.
  const findings = [
    ...[...plugins, ...ofProjects, ...stray()].map((finding) => ({ ...finding, group: 'plugins' as const })),
    ...others,
  ];
  return { ok: findings.every(({ status }) => status !== 'error'), findings };
}

async function hostFindings(runtime: Runtime, signal: AbortSignal): Promise<HostFinding[]> {
  const plugins = await runtime.plugins();
  const context = runtime.hypervisorContext(signal);
  const all = await Promise.all(
    plugins.catalog.names('hypervisors').map(async (name): Promise<readonly HostFinding[]> => {
      const backend = await runtime.router.backend(name).catch(() => undefined);
      if (backend === undefined) return []; // the plugin's own finding says it
      try {
        return (await backend.diagnose?.(context)) ?? [];
      } catch (error) {
        const { message, hint } = reportError(error);
        return [
          { id: `backend:${name}`, status: 'error', title: `backend ${name}`, detail: message, fix: hint },
        ];
      }
    }),
  );
  return [...all.flat(), await sshFinding(runtime, signal)];
}

async function sshFinding(runtime: Runtime, signal: AbortSignal): Promise<HostFinding> {
  try {
    const { stderr, stdout } = await runtime.exec('ssh', ['-V'], { signal });
    return { id: 'ssh', status: 'ok', title: 'ssh', detail: (stderr || stdout).trim() };
  } catch (error) {
    const { message, hint } = reportError(error);
    return {
      id: 'ssh',
      status: 'warning',
      title: 'ssh',
      detail: `${message} Only \`vmctl ssh\` needs it.`,
      fix: hint,
    };
  }
}

async function stateFindings(runtime: Runtime): Promise<HostFinding[]> {
  const { path } = runtime.dataDir;
  const base = { id: 'data-directory', title: 'data directory' };
  try {
    await runtime.dataDir.open();
    await runtime.registry.mustBeReadable();
    const count = (await runtime.registry.list()).length;
    const { bavail, bsize } = await statfs(path);
    const free = bavail * bsize;
    const space = `${(free / 2 ** 30).toFixed(1)} GiB free`;
    return [
      free < LOW_SPACE
        ? {
            ...base,
            status: 'warning',
            detail: `${path}: only ${space}`,
            fix: 'Free some space: disks grow while VMs run.',
          }
        : { ...base, status: 'ok', detail: `${path}: ${count} ${count === 1 ? 'VM' : 'VMs'}, ${space}` },
    ];
  } catch (error) {
    const fix = isVmctlError(error) ? error.hint : undefined;
    return [{ ...base, status: 'error', detail: messageOf(error), fix }];
  }
}
