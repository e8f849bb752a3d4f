/** Commands that belong together, the ones first that somebody needs first. */
export interface CommandGroup {
  readonly title: string;
  /** First words of commands. */
  readonly commands: readonly string[];
}

/** How `vmctl help` shows the commands; what is in no group comes last, as that of a plugin does. */
export const commandGroups: readonly CommandGroup[] = [
  {
    title: 'THE VMS OF A VMFILE',
    commands: ['init', 'up', 'plan', 'down', 'reload', 'provision', 'validate', 'fmt'],
  },
  {
    title: 'ANY VM, FROM ANYWHERE',
    commands: [
      'list',
      'status',
      'create',
      'start',
      'stop',
      'restart',
      'suspend',
      'resume',
      'destroy',
      'wait',
      'events',
    ],
  },
  {
    title: 'WORK IN A VM',
    commands: ['ssh', 'exec', 'cp', 'console', 'log', 'port', 'forward', 'ssh-config'],
  },
  {
    title: 'IMAGES, PLUGINS, VMCTL ITSELF',
    commands: ['image', 'plugins', 'config', 'doctor', 'completion', 'version', 'help'],
  },
];
