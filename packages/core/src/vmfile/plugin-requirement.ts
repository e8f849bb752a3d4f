/** A plugin that a VMFile says it needs: one `require` of its `plugins` node. */
export type PluginRequirement = PackageRequirement | FolderRequirement;

/** A package of an npm registry. */
export interface PackageRequirement {
  /** Which kind of thing it is. */
  readonly kind: 'package';
  /** `@acme/vmctl-provisioner-nix` */
  readonly name: string;
  /** A range of versions as npm writes them: `^1.2`. */
  readonly range: string;
}

/** A folder of the repository that the VMFile is in. */
export interface FolderRequirement {
  /** Which kind of thing it is. */
  readonly kind: 'folder';
  /** As it is written: `./plugins/my-plugin`. */
  readonly written: string;
  /** Absolute. */
  readonly path: string;
}
