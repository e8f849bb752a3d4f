/** What a new VMFile says; values are valid ones. */
export interface NewVmFile {
  /** Of its one VM. */
  readonly name: string;
  /** Given when the name cannot be one of a host. */
  readonly hostname?: string | undefined;
  /** A path as it is written, relative to the file. Exactly one of `image` and `imageUrl` is given. */
  readonly image?: string | undefined;
  readonly imageUrl?: string | undefined;
  readonly sha256?: string | undefined;
  /** Default 2. */
  readonly vcpus?: number | undefined;
  /** MiB, or with a unit. Default 2048. */
  readonly memory?: string | undefined;
  /** GiB, or with a unit. Default: as large as the image, with a comment. */
  readonly disk?: string | undefined;
  /** Default: that of the platform. */
  readonly backend?: string | undefined;
  readonly platform: NodeJS.Platform;
}

/** The newest cloud image of Debian 12, in the format that the platform's backend takes. */
export function debianImage(platform: NodeJS.Platform): string {
  const format = platform === 'sunos' ? 'raw' : 'qcow2';
  return `https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-generic-amd64.${format}`;
}

/**
 * The text of a VMFile for somebody who begins: one VM that works, and the settings that are likely to be wanted next as
 * comments. It is formatted as `vmctl fmt` does, and needs no plugin but a backend.
 */
export function newVmFile(vm: NewVmFile): string {
  const blocks = [
    ['// vmctl up makes this virtual machine, vmctl ssh logs in, vmctl destroy removes it.'],
    [
      `vm ${kdlText(vm.name)} {`,
      ...indented([...separated([disk(vm), machine(vm), network(vm), guest(vm), steps()])]),
      '}',
    ],
  ];
  return separated(blocks)
    .map((line) => `${line}\n`)
    .join('');
}

function disk({ image, imageUrl = '', sha256 }: NewVmFile): string[] {
  if (image !== undefined)
    return ['// Never written to: the VM has an overlay over it.', `image ${kdlText(image)}`];
  const digest = sha256 === undefined ? '' : ` sha256=${kdlText(sha256)}`;
  return [
    '// Downloaded once, and never written to: the VM has an overlay over it.',
    ...(digest === '' ? ['// With sha256="…" behind the URL, only an image of that digest is taken.'] : []),
    `image-url ${kdlText(imageUrl)}${digest}`,
  ];
}

function machine(vm: NewVmFile): string[] {
  return [
    `vcpus ${vm.vcpus ?? 2}`,
    `memory ${size(vm.memory ?? '2048')} // MiB, or with a unit: "2GiB"`,
    `${vm.disk === undefined ? '// disk 20' : `disk ${size(vm.disk)}`} // GiB; the file system of the guest grows to it`,
    ...(vm.backend === undefined ? [] : [`backend ${kdlText(vm.backend)}`]),
    '// firmware "uefi" // instead of "bios", where there is a choice',
  ];
}

function network({ platform }: NewVmFile): string[] {
  if (platform === 'sunos') {
    return ['// A network card of its own, on the network that this machine is on.', 'network "vnic"'];
  }
  return [
    '// The guest reaches the outside; from this machine it is reached through ports.',
    'network "user" {',
    '    // forward host=8080 guest=80 // http://127.0.0.1:8080/',
    '}',
  ];
}

function guest({ hostname }: NewVmFile): string[] {
  const block = hostname === undefined ? 'cloud-init' : `cloud-init { hostname ${kdlText(hostname)} }`;
  return [
    `${block} // a user "vm" with sudo, and a key of its own`,
    '// ssh { user "me"; timeout 300 } // another user; more seconds for a guest that boots slowly',
  ];
}

function steps(): string[] {
  return [
    '// What is done in the guest, in this order. @vmctl/plugin-provisioners does it.',
    '// provision "shell" name="packages" run="once" {',
    '//     inline "sudo apt-get update && sudo apt-get install -y nginx"',
    '// }',
    '// provision "file" name="site" {',
    '//     source "site/"',
    '//     destination "/var/www/html"',
    '// }',
  ];
}

function separated(blocks: readonly (readonly string[])[]): string[] {
  return blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `    ${line}`));
}

/** A number has the unit of its setting; with a unit it is text. */
function size(value: string): string {
  return /^\d+(\.\d+)?$/.test(value) ? value : kdlText(value);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** Text in quotes; what KDL does not allow in a file, or nobody can see, is escaped. */
function kdlText(text: string): string {
  const escaped = text.replaceAll(
    /["\\]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => ESCAPES[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return `"${escaped}"`;
}
