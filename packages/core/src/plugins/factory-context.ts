/** What a backend's factory is given. */
export interface BackendContext {
  /** The backend's name: `qemu`. */
  readonly name: string;
}

/** What the factory of a VM's node is given. */
export interface VmNodeContext {
  /** The node's name: `hosts-file`. */
  readonly name: string;
}

/** What a provisioner's factory is given. */
export interface ProvisionerContext {
  /** The provisioner's type: `shell`. */
  readonly type: string;
}
