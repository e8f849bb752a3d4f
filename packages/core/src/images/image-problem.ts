/** Why a file's content cannot be used as an image; whoever knows the file's name makes the full message of it. */
export class ImageProblem extends Error {
  readonly code: 'VMCTL_IMAGE_INVALID' | 'VMCTL_IMAGE_BACKING_FILE';
  /** What to do about it. */
  readonly hint: string | undefined;
  /** The format as `qemu-img` calls it, when a conversion would help. */
  readonly convertFrom: string | undefined;

  /** @param reason - a predicate that follows the file's name: `is a directory` */
  constructor(
    reason: string,
    options: {
      readonly code?: ImageProblem['code'];
      readonly hint?: string | undefined;
      readonly convertFrom?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ImageProblem';
    this.code = options.code ?? 'VMCTL_IMAGE_INVALID';
    this.hint = options.hint;
    this.convertFrom = options.convertFrom;
  }
}

/** Text from an untrusted file, on one line, without control characters, and not too long, for messages. */
export function printable(text: string, limit = 200): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** For packed data that cannot be read to its end. */
export function damagedData(kind: string, cause: unknown, cutOff: boolean): ImageProblem {
  return new ImageProblem(
    cutOff ? `is cut off: its ${kind} data ends too early` : `is damaged: its ${kind} data cannot be read`,
    { hint: 'Copy or download it again; it did not come through whole.', cause },
  );
}
