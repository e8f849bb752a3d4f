import { describe, it } from '@jest/globals';
import { expectTypeOf } from 'expect-type';
import type { GuestExecOptions } from '../../../src/guest/contract.js';
import type { ProvisionContext, Provisioner } from '../../../src/provisioner/contract.js';

interface Config {
  readonly playbook: string;
}

/** What these say is checked by the compiler. */
describe('the types of a provisioner', () => {
  it('let it end with nothing, or with an exit code', () => {
    expectTypeOf<(config: Config) => Promise<void>>().toExtend<Provisioner<Config>['run']>();
    expectTypeOf<(config: Config) => Promise<{ exitCode: number }>>().toExtend<Provisioner<Config>['run']>();
    expectTypeOf<(config: Config) => Promise<number>>().not.toExtend<Provisioner<Config>['run']>();
  });

  it('let the output of a step be the sink of a command', () => {
    expectTypeOf<ProvisionContext['output']['stdout']>().toExtend<
      NonNullable<GuestExecOptions['onStdout']>
    >();
    expectTypeOf<ProvisionContext['output']['stderr']>().toExtend<
      NonNullable<GuestExecOptions['onStderr']>
    >();
  });

  it('let one with a configuration of its own stand among all', () => {
    expectTypeOf<Provisioner<Config>>().toExtend<Provisioner>();
  });

  it('let errors carry facts', () => {
    expectTypeOf<ProvisionContext['error']>().toBeCallableWith('ACME_FAILED', {
      message: 'it failed',
      details: { command: 'ansible-playbook', exitCode: 2 },
    });
  });
});
