import { FakeFailure, type FakeTool } from './fake-state.js';
import { getopt, operands } from './fake-options.js';

/** zoneadm(8): the zones of a host whose global zone this is. */
export const zoneadm: FakeTool = ([verb = '', ...args]) => {
  if (verb !== 'list') throw new FakeFailure(`zoneadm: '${verb}': unknown subcommand`, 2);
  const options = getopt('zoneadm list', args, 'cipv');
  operands('zoneadm list', options, 0);
  if (!options.values.has('p') || !options.values.has('c')) {
    throw new FakeFailure('the fake zoneadm lists for machines only: -cp', 2);
  }
  return [
    '0:global:running:/::ipkg:shared:0',
    String.raw`-:spare:installed:/zones/a\:b:9f1f0c3a-0000-4000-8000-00000000000a:ipkg:excl:0`,
    '',
  ].join('\n');
};
