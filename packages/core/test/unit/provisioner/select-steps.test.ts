import { describe, expect, it } from '@jest/globals';
import { selectSteps } from '../../../src/provisioner/select-steps.js';
import type { ProvisionDefinition } from '../../../src/vmfile/model.js';

const steps = ['packages', 'site', 'restart'].map((name): ProvisionDefinition => ({
  type: 'shell',
  name,
  run: 'always',
  config: {},
}));
const names = (selection: Parameters<typeof selectSteps>[2]): string[] =>
  selectSteps('web', steps, selection).map(({ definition, index }) => `${index} ${definition.name}`);

describe('the steps of a VM', () => {
  it('are all of them when nothing is said', () => {
    expect(names({})).toEqual(['1 packages', '2 site', '3 restart']);
    expect(selectSteps('web', steps, {}).map(({ named }) => named)).toEqual([false, false, false]);
  });

  it('are those that are named, in the order of the VMFile', () => {
    expect(names({ only: ['restart', 'packages'] })).toEqual(['1 packages', '3 restart']);
    expect(selectSteps('web', steps, { only: ['site'] })).toMatchObject([{ named: true }]);
  });

  it('begin where it is said', () => {
    expect(names({ from: 'site' })).toEqual(['2 site', '3 restart']);
    expect(names({ from: 'site', only: ['packages', 'restart'] })).toEqual(['3 restart']);
  });

  it.each([{ only: ['sites'] }, { from: 'sites' }])('are none for an unknown name: %j', (selection) => {
    expect(() => names(selection)).toThrow(
      expect.objectContaining({
        code: 'VMCTL_STEP_UNKNOWN',
        message: 'web has no provisioning step "sites".',
        hint: 'Did you mean "site"?',
      }),
    );
  });

  it('are listed when no name is near', () => {
    expect(() => names({ only: ['database'] })).toThrow(
      expect.objectContaining({ hint: 'It has: packages, site, restart.' }),
    );
  });
});
