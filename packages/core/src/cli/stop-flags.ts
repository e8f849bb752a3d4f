import { Flags } from '@oclif/core';

/** How guests are made to end; for the commands that stop VMs. */
export const stopFlags = {
  timeout: Flags.integer({
    min: 0,
    default: 30,
    description: 'seconds a guest may take to power off',
    helpValue: 'SECONDS',
  }),
  force: Flags.boolean({
    description: 'do not ask the guest: end it at once, like pulling the plug',
    exclusive: ['timeout'],
  }),
};

/** What {@link stopFlags} say, in milliseconds. */
export function stopTimeoutMs(flags: { readonly timeout: number; readonly force: boolean }): number {
  return flags.force ? 0 : flags.timeout * 1000;
}
