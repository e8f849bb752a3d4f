import { reportError } from '../errors/error-report.js';
import type { HostFinding } from '../hypervisor/contract.js';
import { configurationFindings } from './doctor/configuration.js';
import type { DoctorFinding } from './doctor/finding.js';
import { pluginFindings } from './doctor/plugins.js';
import { stateFindings } from './doctor/state.js';
import { projectPluginFindings } from './project-plugin-use.js';
import type { Runtime } from './runtime.js';

/** Findings in the order they are shown, in groups. */
export interface DoctorReport {
  /** Whether none is an error. */
  readonly ok: boolean;
  readonly findings: readonly DoctorFinding[];
}

/** Looks at plugins, host and state, and says what is wrong and which command mends it. Mends nothing. */
export async function doctor(
  runtime: Runtime,
  options: { signal?: AbortSignal } = {},
): Promise<DoctorReport> {
  const signal = options.signal ?? new AbortController().signal;
  const { findings: plugins, stray } = await pluginFindings(runtime);
  const ofProjects = await projectPluginFindings(runtime);
  const host = [...(await configurationFindings(runtime)), ...(await hostFindings(runtime, signal))];
  const state = await stateFindings(runtime, signal);
  // Last, because code that plugins left running may have failed meanwhile.
  const findings = [...plugins, ...ofProjects, ...stray(), ...host, ...state];
  return { ok: findings.every(({ status }) => status !== 'error'), findings };
}

async function hostFindings(runtime: Runtime, signal: AbortSignal): Promise<DoctorFinding[]> {
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
  return [...all.flat(), await sshFinding(runtime, signal)].map(hostFinding);
}

/** What a plugin adds to its findings is not ours to show, and a repair of its own not ours to do. */
function hostFinding({ id, status, title, detail, fix }: HostFinding): DoctorFinding {
  return { group: 'host', id, status, title, detail, fix };
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
