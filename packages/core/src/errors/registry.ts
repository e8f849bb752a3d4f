/** One entry of the registry. */
export interface ErrorEntry {
  /** What the code means, in one sentence; shown in docs/reference/errors.md. */
  readonly meaning: string;
  /** The exit status of a command that ends with it. */
  readonly exit: number;
}

/** Exit statuses; documented in docs/reference/errors.md. */
export const EXIT = {
  /** Something failed while it was done. */
  failure: 1,
  /** Bad flags, bad VMFile, bad configuration: nothing was done. */
  usage: 2,
  /** The host lacks something: a program, a plugin, a permission. */
  host: 3,
  /** With `--detailed-exitcode`: all went well, and there are changes. */
  changes: 4,
  /** Interrupted by Ctrl-C or SIGTERM. */
  interrupted: 130,
} as const;

/** How `ssh` and `exec` end when there was no command whose status could be passed on; ssh(1) has the same. */
export const NOT_RUN = 255;

/** Every error code, sorted. The wording is free, the codes are stable. */
export const errorRegistry = {
  VMCTL_ADDRESS_UNUSABLE: {
    meaning: 'No server can be started on that address or port of the host.',
    exit: EXIT.host,
  },
  VMCTL_BACKEND_NOT_INSTALLED: {
    meaning: 'No installed plugin brings the backend that a VM needs.',
    exit: EXIT.host,
  },
  VMCTL_BACKEND_UNKNOWN_PLATFORM: {
    meaning: 'No backend was named, and there is no default one for this platform.',
    exit: EXIT.usage,
  },
  VMCTL_BACKEND_UNSUPPORTED: {
    meaning: 'The backend cannot do what was asked; it says so before it does anything.',
    exit: EXIT.failure,
  },
  VMCTL_COMMAND_FAILED: {
    meaning: 'A command that a plugin adds to vmctl failed; the message is its own.',
    exit: EXIT.failure,
  },
  VMCTL_CONFIG_INVALID: {
    meaning:
      'A configuration file, or a variable of the environment, has problems; each is named with its place.',
    exit: EXIT.usage,
  },
  VMCTL_CONFIRMATION_NEEDED: {
    meaning: 'The command destroys something and was not confirmed.',
    exit: EXIT.usage,
  },
  VMCTL_CONSOLE_UNREACHABLE: {
    meaning: 'Nobody answers where the serial console of a VM should be.',
    exit: EXIT.failure,
  },
  VMCTL_CONSOLE_UNSUPPORTED: {
    meaning: 'The backend gives no serial console, or one that vmctl cannot open.',
    exit: EXIT.failure,
  },
  VMCTL_DEPENDENCY_FAILED: {
    meaning: 'A VM was not started because one it depends on did not come up.',
    exit: EXIT.failure,
  },
  VMCTL_DIRECTORY_NOT_EMPTY: {
    meaning: 'A project is to be made where something is already.',
    exit: EXIT.usage,
  },
  VMCTL_DISK_EXISTS: { meaning: 'A disk is there already and is not overwritten.', exit: EXIT.failure },
  VMCTL_DISK_FULL: { meaning: 'There is no space left where vmctl writes.', exit: EXIT.host },
  VMCTL_DISK_TOO_SMALL: {
    meaning: 'The disk asked for is smaller than the image; shrinking is refused.',
    exit: EXIT.usage,
  },
  VMCTL_FILE_FAILED: { meaning: 'The operating system refused a file operation.', exit: EXIT.failure },
  VMCTL_FILE_MISSING: { meaning: 'A file or directory that is needed is not there.', exit: EXIT.failure },
  VMCTL_FILE_NOT_FOUND: {
    meaning: 'A file that the VMFile names does not exist or cannot be read.',
    exit: EXIT.usage,
  },
  VMCTL_FORMAT_FAILED: {
    meaning: 'A defect of vmctl: a formatted VMFile would not say the same, so the file was left as it is.',
    exit: EXIT.failure,
  },
  VMCTL_FORWARD_UNKNOWN: { meaning: 'The VM has no such forwarded port.', exit: EXIT.failure },
  VMCTL_GUEST_AUTH_FAILED: {
    meaning: 'The guest refused every key that was offered for the user.',
    exit: EXIT.failure,
  },
  VMCTL_GUEST_CLOUD_INIT_FAILED: { meaning: 'cloud-init ended with errors.', exit: EXIT.failure },
  VMCTL_GUEST_CLOUD_INIT_WARNING: {
    meaning: 'cloud-init finished, and reported something on its way (a warning).',
    exit: EXIT.failure,
  },
  VMCTL_GUEST_COMMAND_INVALID: {
    meaning: 'A command, its environment or a path cannot be given to a guest.',
    exit: EXIT.failure,
  },
  VMCTL_GUEST_COMMAND_TIMEOUT: {
    meaning: 'A command in the guest took longer than it was given; it was ended.',
    exit: EXIT.failure,
  },
  VMCTL_GUEST_DISCONNECTED: { meaning: 'The connection to the guest was lost.', exit: EXIT.failure },
  VMCTL_GUEST_HOST_KEY_CHANGED: {
    meaning: 'The SSH server at the address of the guest has another host key than the pinned one.',
    exit: EXIT.failure,
  },
  VMCTL_GUEST_NOT_READY: { meaning: 'The guest could not be used in time.', exit: EXIT.failure },
  VMCTL_GUEST_PERMISSION_DENIED: {
    meaning: 'The user in the guest may not do what was asked, and sudo does not help.',
    exit: EXIT.failure,
  },
  VMCTL_GUEST_STOPPED: { meaning: 'The VM ended while vmctl waited for its guest.', exit: EXIT.failure },
  VMCTL_GUEST_TRANSFER_FAILED: {
    meaning: 'Files could not be copied to or from the guest.',
    exit: EXIT.failure,
  },
  VMCTL_GUEST_UNREACHABLE: {
    meaning: 'No SSH server answers at the address of the guest.',
    exit: EXIT.failure,
  },
  VMCTL_HOST_COMMAND_FAILED: {
    meaning: 'A program of the host failed, did not end in time, or could not be started.',
    exit: EXIT.failure,
  },
  VMCTL_HOST_COMMAND_MISSING: { meaning: 'A program that vmctl needs is not installed.', exit: EXIT.host },
  VMCTL_IMAGE_AMBIGUOUS: {
    meaning: 'A word names several images of the cache.',
    exit: EXIT.usage,
  },
  VMCTL_IMAGE_BACKING_FILE: {
    meaning: 'A qcow2 image refers to another file of the host; such an image could read any of them.',
    exit: EXIT.usage,
  },
  VMCTL_IMAGE_CHECKSUM: {
    meaning: 'A downloaded image does not have the checksum that was asked for.',
    exit: EXIT.failure,
  },
  VMCTL_IMAGE_DOWNLOAD_FAILED: { meaning: 'An image could not be downloaded.', exit: EXIT.failure },
  VMCTL_IMAGE_INVALID: {
    meaning:
      'What is given as an image is not a disk that can be used: another format, damaged, or no disk at all.',
    exit: EXIT.usage,
  },
  VMCTL_IMAGE_IN_USE: {
    meaning: 'A running program writes to the disk that is given as an image.',
    exit: EXIT.failure,
  },
  VMCTL_IMAGE_MIRROR_FAILED: {
    meaning: 'A warning: a mirror does not give an image, and the next place is tried.',
    exit: EXIT.failure,
  },
  VMCTL_IMAGE_NEEDED: {
    meaning: 'An image was not removed because disks of VMs stand on it.',
    exit: EXIT.failure,
  },
  VMCTL_IMAGE_NOT_FOUND: { meaning: 'There is no image file at that path.', exit: EXIT.usage },
  VMCTL_IMAGE_SCHEME_UNKNOWN: {
    meaning: 'No installed plugin fetches images for that URL scheme.',
    exit: EXIT.host,
  },
  VMCTL_IMAGE_UNKNOWN: { meaning: 'There is no such image in the cache.', exit: EXIT.usage },
  VMCTL_IMAGE_URL_INVALID: { meaning: 'The URL of an image cannot be used.', exit: EXIT.usage },
  VMCTL_INTERNAL: { meaning: 'A mistake in vmctl itself.', exit: EXIT.failure },
  VMCTL_INTERRUPTED: {
    meaning: 'The command was interrupted; what was kept is said.',
    exit: EXIT.interrupted,
  },
  VMCTL_LOCKED: { meaning: 'Another vmctl command works on the same thing.', exit: EXIT.failure },
  VMCTL_LOCKFILE_DRIFT: {
    meaning: 'With --frozen: the lock file of a VMFile and its plugins do not agree.',
    exit: EXIT.usage,
  },
  VMCTL_LOCKFILE_INVALID: {
    meaning: 'The lock file of a VMFile cannot be read; the place of the damage is shown.',
    exit: EXIT.usage,
  },
  VMCTL_NOT_A_DIRECTORY: { meaning: 'A file is where vmctl needs a directory.', exit: EXIT.host },
  VMCTL_NOT_A_FILE: {
    meaning: 'Something is where vmctl would write a file, and is none.',
    exit: EXIT.usage,
  },
  VMCTL_NOT_READABLE: { meaning: 'vmctl may not read a file or directory that it needs.', exit: EXIT.host },
  VMCTL_NOT_WRITABLE: {
    meaning: 'vmctl may not write to a file or directory that it needs.',
    exit: EXIT.host,
  },
  VMCTL_NO_FREE_PORT: { meaning: 'No free TCP port was found.', exit: EXIT.host },
  VMCTL_PLUGIN_ACCESS_DENIED: {
    meaning: 'The package registry refuses access to a plugin: log in, or ask for the permission.',
    exit: EXIT.host,
  },
  VMCTL_PLUGIN_API_VERSION: {
    meaning: 'A plugin is written for another version of the plugin API.',
    exit: EXIT.host,
  },
  VMCTL_PLUGIN_CONFLICT: { meaning: 'Two plugins bring a thing of the same name.', exit: EXIT.host },
  VMCTL_PLUGIN_EXITED: {
    meaning: 'A plugin tried to end vmctl with process.exit.',
    exit: EXIT.failure,
  },
  VMCTL_PLUGIN_FAILED: {
    meaning: 'A plugin failed with an error that was not meant for users.',
    exit: EXIT.failure,
  },
  VMCTL_PLUGIN_GLOBALS: {
    meaning: 'A warning: a plugin changed something that all code in the process shares; it was put back.',
    exit: EXIT.failure,
  },
  VMCTL_PLUGIN_INTEGRITY: {
    meaning: 'A downloaded package is damaged, or is not the one that the registry or a lock file names.',
    exit: EXIT.failure,
  },
  VMCTL_PLUGIN_INVALID: {
    meaning: 'A package says that it is a plugin, and its manifest or its code is not one.',
    exit: EXIT.host,
  },
  VMCTL_PLUGIN_LIST_CORRUPT: {
    meaning: 'The list of installed plugins cannot be read; `vmctl plugins reset` starts with an empty one.',
    exit: EXIT.failure,
  },
  VMCTL_PLUGIN_LOAD_FAILED: { meaning: 'The code of a plugin cannot be loaded.', exit: EXIT.host },
  VMCTL_PLUGIN_NAME_INVALID: {
    meaning: 'A plugin, or the word under which VMFiles know it, cannot be called that.',
    exit: EXIT.usage,
  },
  VMCTL_PLUGIN_NOT_FOUND: {
    meaning: 'There is no such package, or no version of it that was asked for.',
    exit: EXIT.usage,
  },
  VMCTL_PLUGIN_NOT_INSTALLED: {
    meaning: 'No plugin of that name is installed or linked.',
    exit: EXIT.usage,
  },
  VMCTL_PLUGIN_NPM_FAILED: {
    meaning: 'npm failed while it installed a plugin; what it said is shown.',
    exit: EXIT.failure,
  },
  VMCTL_PLUGIN_NPM_MISSING: {
    meaning: 'Plugins are installed with npm, and there is none.',
    exit: EXIT.host,
  },
  VMCTL_PLUGIN_REGISTRY_UNREACHABLE: {
    meaning: 'The package registry does not answer, or not as a registry does.',
    exit: EXIT.host,
  },
  VMCTL_PLUGIN_REQUIRED: {
    meaning: 'A plugin that the VMFile requires is not installed.',
    exit: EXIT.host,
  },
  VMCTL_PLUGIN_TIMEOUT: { meaning: 'A plugin hangs while it is loaded.', exit: EXIT.host },
  VMCTL_PLUGIN_UNPINNED: {
    meaning:
      'A warning: a plugin that the VMFile requires is the one that the user has installed, and is not pinned.',
    exit: EXIT.failure,
  },
  VMCTL_PLUGIN_UNREADABLE: {
    meaning: 'A plugin is installed or linked, and its package is gone or its package.json cannot be read.',
    exit: EXIT.host,
  },
  VMCTL_PORT_TAKEN: { meaning: 'A port of the host that the VMFile asks for is in use.', exit: EXIT.failure },
  VMCTL_PROCESS_NOT_OURS: {
    meaning: 'A process that vmctl should end belongs to another user.',
    exit: EXIT.host,
  },
  VMCTL_PROCESS_TABLE_UNREADABLE: {
    meaning: 'The processes of the host cannot be listed; on Linux, /proc has to be mounted.',
    exit: EXIT.host,
  },
  VMCTL_PROVISIONER_STUCK: {
    meaning: 'A provisioner did not end after it was interrupted; its plugin is at fault.',
    exit: EXIT.failure,
  },
  VMCTL_PROVISIONER_UNKNOWN: {
    meaning: 'No installed plugin brings that provisioner type.',
    exit: EXIT.host,
  },
  VMCTL_PROVISION_FAILED: {
    meaning: 'A provisioning step failed; step, command and the end of its output are shown.',
    exit: EXIT.failure,
  },
  VMCTL_QEMU_DISK_MISSING: { meaning: "A file that a VM's disks are made of is gone.", exit: EXIT.failure },
  VMCTL_QEMU_FIRMWARE_MISSING: {
    meaning: 'A VM wants UEFI, and there is no firmware for it on the host.',
    exit: EXIT.host,
  },
  VMCTL_QEMU_FORCED_OFF: {
    meaning: 'A warning: the guest did not power off in time and was ended by force.',
    exit: EXIT.failure,
  },
  VMCTL_QEMU_NO_KVM: { meaning: 'A warning: KVM cannot be used, guests are emulated.', exit: EXIT.failure },
  VMCTL_QEMU_START_FAILED: {
    meaning: 'QEMU ended at its start, or never answered; what it said is shown.',
    exit: EXIT.failure,
  },
  VMCTL_QEMU_STOP_FAILED: { meaning: 'A QEMU cannot be ended; it hangs in the kernel.', exit: EXIT.failure },
  VMCTL_QMP_COMMAND_FAILED: {
    meaning: 'QEMU refused a command of its control protocol.',
    exit: EXIT.failure,
  },
  VMCTL_QMP_DISCONNECTED: { meaning: 'The control connection to QEMU broke.', exit: EXIT.failure },
  VMCTL_QMP_PROTOCOL: { meaning: 'What answers on a control socket is not QEMU.', exit: EXIT.failure },
  VMCTL_QMP_TIMEOUT: { meaning: 'QEMU did not answer on its control socket in time.', exit: EXIT.failure },
  VMCTL_QMP_UNREACHABLE: { meaning: 'Nothing listens on the control socket of a VM.', exit: EXIT.failure },
  VMCTL_REGISTRY_CORRUPT: {
    meaning: 'vms.json cannot be read as a registry; it is kept, never overwritten.',
    exit: EXIT.failure,
  },
  VMCTL_SHELL_DISCONNECTED: {
    meaning: 'The connection to the guest was lost while a shell step ran.',
    exit: EXIT.failure,
  },
  VMCTL_SHELL_FAILED: { meaning: 'The command or script of a shell step failed.', exit: EXIT.failure },
  VMCTL_SHELL_SCRIPT_INVALID: {
    meaning: 'The script of a shell step is missing, or has line ends that no Unix can run.',
    exit: EXIT.usage,
  },
  VMCTL_SHELL_UPLOAD_FAILED: {
    meaning: 'The script of a shell step could not be put into the guest.',
    exit: EXIT.failure,
  },
  VMCTL_SSH_KEY_ENCRYPTED: {
    meaning: 'A private key has a passphrase, and no agent holds it.',
    exit: EXIT.usage,
  },
  VMCTL_SSH_KEY_INVALID: {
    meaning: 'A file that is named as an SSH key is none of that kind.',
    exit: EXIT.usage,
  },
  VMCTL_SSH_KEY_MISSING: { meaning: 'There is no SSH key where one is needed.', exit: EXIT.usage },
  VMCTL_STEP_UNKNOWN: { meaning: 'A VM has no provisioning step of that name.', exit: EXIT.usage },
  VMCTL_UNSAFE_RUNTIME_DIR: {
    meaning: 'The directory for short socket paths belongs to somebody else.',
    exit: EXIT.host,
  },
  VMCTL_USAGE: {
    meaning: 'There is no such command, or it does not take these flags or arguments.',
    exit: EXIT.usage,
  },
  VMCTL_VMFILE_EXISTS: {
    meaning: 'A new VMFile is to be written where a file is already.',
    exit: EXIT.usage,
  },
  VMCTL_VMFILE_INVALID: {
    meaning: 'The VMFile has problems; each is listed with its place.',
    exit: EXIT.usage,
  },
  VMCTL_VMFILE_NOT_FOUND: {
    meaning: 'There is no VMFile at the path given, or none from the working directory upwards.',
    exit: EXIT.usage,
  },
  VMCTL_VMFILE_UNREADABLE: {
    meaning: 'The VMFile cannot be read: a directory, a missing permission, a failing disk.',
    exit: EXIT.usage,
  },
  VMCTL_VM_DIFFERS: {
    meaning: 'A VM is not as its VMFile says, and `up` alone does not change that.',
    exit: EXIT.failure,
  },
  VMCTL_VM_EXISTS: { meaning: 'There is a VM of that name already.', exit: EXIT.usage },
  VMCTL_VM_NAME_INVALID: {
    meaning: 'A name that no VM can have: it would become part of a path.',
    exit: EXIT.usage,
  },
  VMCTL_VM_NAME_MISSING: { meaning: 'No VM was named, and there are several.', exit: EXIT.usage },
  VMCTL_VM_NODE_UNKNOWN: {
    meaning: 'No installed plugin brings a node of that name for `vm`.',
    exit: EXIT.host,
  },
  VMCTL_VM_NOT_RUNNING: { meaning: 'The command needs a running VM.', exit: EXIT.failure },
  VMCTL_VM_OF_OTHER_VMFILE: {
    meaning: 'A VM of this name came from another VMFile, which is still there.',
    exit: EXIT.failure,
  },
  VMCTL_VM_UNKNOWN: { meaning: 'There is no VM of that name.', exit: EXIT.usage },
  VMCTL_VM_WRONG_STATE: {
    meaning: 'The VM is in a state that the command cannot work with.',
    exit: EXIT.failure,
  },
  VMCTL_WAIT_TIMEOUT: {
    meaning: 'A VM did not come into the state that was waited for in time.',
    exit: EXIT.failure,
  },
  VMCTL_WORKDIR_FOREIGN: {
    meaning: 'The work directory of a VM is outside of the data directory, so it is not removed.',
    exit: EXIT.failure,
  },
  VMCTL_WORKDIR_UNREGISTERED: {
    meaning: 'There is a work directory that vms.json does not know.',
    exit: EXIT.failure,
  },
} as const satisfies Record<string, ErrorEntry>;

/** A code of core's own. Plugins may use others with their own prefix. */
export type ErrorCode = keyof typeof errorRegistry;
