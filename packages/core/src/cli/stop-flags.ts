import { Flags } from '@oclif/core';

/** How guests are made to end; for the commands that stop VMs. */
export const stopFlags = {
  timeout: Flags.integer({
    min: 0,
    description: 'seconds a guest may take to power off; default: 30, or timeouts.stop of the configuration',
    helpValue: 'SECONDS',
  }),
  force: Flags.boolean({
    description: 'do not ask the guest: end it at once, like pulling the plug',
    exclusive: ['timeout'],
  }),
};

/** What {@link stopFlags} say, in milliseconds; undefined when they say nothing. */
export function stopTimeoutMs(flags: {
  readonly timeout: number | undefined;
  readonly force: boolean;
}): number | undefined {
  if (flags.force) return 0;
  return flags.timeout === undefined ? undefined : flags.timeout * 1000;
}
