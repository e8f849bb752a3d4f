import { Flags } from '@oclif/core';
import type { PortForward } from '../hypervisor/contract.js';
import { parseForward } from '../operations/forward-text.js';

/** `--forward`; may be repeated. */
export const forwardFlag = Flags.custom<PortForward>({
  description:
    'port of this machine that leads to one of the guest; may be repeated; host port 0: any free one',
  helpValue: '[ADDRESS:]HOST:GUEST',
  parse: (text) => Promise.resolve(parseForward(text)),
});
