import { show as shownWord } from '../vmfile/value-kinds.js';
import { checkLinkName } from '../vmfile/read-network.js';
import { type ConfigKind, integerKind, pathKind, textKind } from './value-kinds.js';

/** The settings that have one value each, by their place in a file, and what they are as values. */
export interface SettingValues {
  readonly backend: string;
  readonly parallel: number;
  readonly dataDir: string;
  readonly bridge: string;
  readonly 'timeouts.ready': number;
  readonly 'timeouts.stop': number;
}

/** Where a setting stands in a file: `timeouts.stop`. */
export type SettingKey = keyof SettingValues;

/** One setting. */
export interface Setting<T> {
  readonly kind: ConfigKind<T>;
  /** The variable that goes before every file. */
  readonly variable: string;
  /** The flag that goes before everything, where commands have one. */
  readonly flag: string | undefined;
  readonly description: string;
  /** What counts when nobody says anything, for people. */
  readonly fallback: string;
}

/** The longest wait that is taken, in seconds: a day. */
const LONGEST_SECONDS = 24 * 60 * 60;

/** How many VMs at a time are taken at most: beyond it, somebody has mistyped. */
const MOST_PARALLEL = 1024;

/** Every setting with one value, in the order in which they are shown. */
export const SETTINGS: { readonly [K in SettingKey]: Setting<SettingValues[K]> } = {
  backend: {
    kind: textKind('the name of a backend', (name) =>
      /^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name)
        ? undefined
        : `must be the name of a backend, not ${shownWord(name)}`,
    ),
    variable: 'VMCTL_BACKEND',
    flag: '--backend',
    description: 'The backend of new VMs whose VMFile names none.',
    fallback: 'that of the platform',
  },
  parallel: {
    kind: integerKind(1, MOST_PARALLEL),
    variable: 'VMCTL_PARALLEL',
    flag: '--parallel',
    description: 'How many VMs of a VMFile are worked on at a time.',
    fallback: 'the number of processors, at least 4',
  },
  dataDir: {
    kind: pathKind,
    variable: 'VMCTL_DATA_DIR',
    flag: undefined,
    description: 'The directory of VMs, images and the plugins of projects.',
    fallback: '$XDG_DATA_HOME/vmctl, usually ~/.local/share/vmctl',
  },
  bridge: {
    kind: textKind('the name of a bridge', checkLinkName(15)),
    variable: 'VMCTL_BRIDGE',
    flag: undefined,
    description: 'The bridge of `network "tap"` without `bridge`.',
    fallback: 'br0',
  },
  'timeouts.ready': {
    kind: integerKind(1, LONGEST_SECONDS, ' of seconds'),
    variable: 'VMCTL_READY_TIMEOUT',
    flag: '--timeout',
    description:
      'Seconds until a guest can be logged in to and its cloud-init has finished, unless `ssh { timeout … }` says it.',
    fallback: '120',
  },
  'timeouts.stop': {
    kind: integerKind(0, LONGEST_SECONDS, ' of seconds'),
    variable: 'VMCTL_STOP_TIMEOUT',
    flag: '--timeout',
    description: 'Seconds that a guest may take to power off before it is ended by force; 0: at once.',
    fallback: '30',
  },
};

/** All of {@link SETTINGS} by name, in their order. */
export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[]; // it has these keys and no others

/** The variable for the mirrors of images: the same as in a file, as JSON. */
export const MIRRORS_VARIABLE = 'VMCTL_IMAGE_MIRRORS';
