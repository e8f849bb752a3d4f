/** What the VMFile says of cloud-init. The seed is made of it once: cloud-init reads it at the first start only. */
export interface DeclaredCloudInit {
  /** What the guest is called. */
  readonly hostname: string;
  /** The user that is made; null with user-data of the VMFile's own. */
  readonly user: string | null;
  /** The public key that may log in, one line; null for a generated one, and with user-data of the VMFile's own. */
  readonly authorized_key: string | null;
  /** SHA-256 of user-data of the VMFile's own, in hex. */
  readonly user_data: string | null;
}

/**
 * What the VMFile said of a VM, for what no other field of its handle tells. `plan` compares it with what the VMFile
 * says now.
 */
export interface DeclaredSettings {
  /** The image that it was made from: a path, or a URL without secrets. */
  readonly image: string;
  /** The size of its disk when it was made or has grown, in bytes; null: as large as the image. */
  readonly disk_bytes: number | null;
  /** Its seed when it was made; null without one. */
  readonly cloud_init: DeclaredCloudInit | null;
  /** `user` of the `ssh` block when it was last brought up. */
  readonly ssh_user: string;
  /** `private-key` of the `ssh` block when it was last brought up, absolute. */
  readonly ssh_private_key: string | null;
}
