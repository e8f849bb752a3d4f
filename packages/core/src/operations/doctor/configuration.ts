import { shellWord } from '../../errors/shell-word.js';
import type { DoctorFinding } from './finding.js';
import type { Runtime } from '../runtime.js';
import { unknownVariables, unknownVariableText } from '../unknown-variables.js';

/**
 * What `doctor` says of the configuration: where it is, what is wrong with it, and which variables nobody reads. Nothing
 * where there is none.
 */
export async function configurationFindings(runtime: Runtime): Promise<readonly DoctorFinding[]> {
  return [...(await fileFindings(runtime)), ...(await variableFindings(runtime))];
}

async function variableFindings(runtime: Runtime): Promise<readonly DoctorFinding[]> {
  return (await unknownVariables(runtime)).map((each) => ({
    id: `variable:${each.variable}`,
    group: 'host',
    status: 'warning',
    title: 'environment',
    detail: unknownVariableText(each),
    fix: `unset ${each.variable}`,
  }));
}

async function fileFindings(runtime: Runtime): Promise<readonly DoctorFinding[]> {
  if (runtime.configuration === undefined) return [];
  const { describeConfiguration } = await import('../describe-configuration.js');
  const { files, message, ok } = await describeConfiguration(runtime);
  const read = [...files.project, ...files.user];
  const base = { id: 'configuration', group: 'host', title: 'configuration' } as const;
  const foreign = files.foreign.map((path) => ({
    ...base,
    id: `configuration:${path}`,
    status: 'warning' as const,
    detail: `${path} belongs to another user, in a directory that everybody may write to, and is not read.`,
    fix: `If you trust it, make a copy of your own: cp -- ${shellWord(path)} .`,
  }));
  if (!ok) {
    return [
      ...foreign,
      { ...base, status: 'error', detail: message ?? '', fix: 'Correct it, then: vmctl config' },
    ];
  }
  return read.length === 0 ? foreign : [...foreign, { ...base, status: 'ok', detail: read.join(', ') }];
}
