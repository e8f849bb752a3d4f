import { describe, it } from '@jest/globals';
import { expectTypeOf } from 'expect-type';
import type { VmctlConfig } from '../../../src/config/config-input.js';
import type { SettingValues } from '../../../src/config/settings.js';

type Defined<T> = Exclude<T, undefined>;
type Timeouts = Defined<VmctlConfig['timeouts']>;

describe('the type of configuration files', () => {
  it('has every setting, as what it is', () => {
    expectTypeOf<{
      backend: Defined<VmctlConfig['backend']>;
      parallel: Defined<VmctlConfig['parallel']>;
      dataDir: Defined<VmctlConfig['dataDir']>;
      bridge: Defined<VmctlConfig['bridge']>;
      'timeouts.ready': Defined<Timeouts['ready']>;
      'timeouts.stop': Defined<Timeouts['stop']>;
    }>().toEqualTypeOf<{ -readonly [K in keyof SettingValues]: SettingValues[K] }>();
  });
});
