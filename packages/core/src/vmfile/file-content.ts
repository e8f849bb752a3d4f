import { VmctlError } from '../errors/vmctl-error.js';
import type { VmFileProblem } from './problem.js';
import { SourceText } from './source-text.js';

/** Bytes of the largest file that is read; hand-written ones have a few thousand. */
export const LARGEST = 1024 * 1024;

/**
 * The text in a VMFile's bytes, which have to be UTF-8.
 *
 * @throws VMCTL_VMFILE_INVALID with the place of the first bytes that are no text
 */
export async function decodeText(bytes: Uint8Array, path: string): Promise<string> {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw refused(path, 'the file is UTF-16 text, and a VMFile has to be UTF-8', 'Save it as UTF-8.');
  }
  if (bytes.includes(0)) {
    throw refused(path, 'the file is binary, and no VMFile', 'Check the path: is it an image?');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw await invalidBytes(bytes, path);
  }
}

/** A file that is too large to be one. */
export function tooLarge(path: string): VmctlError {
  return refused(path, 'the file is larger than 1 MiB, and no VMFile is', 'Check the path: is it an image?');
}

/** A file that is wrong as a whole, so that there is no line to show. */
function refused(path: string, message: string, hint: string): VmctlError {
  const problem: VmFileProblem = { file: path, line: 1, column: 1, message, hint };
  return new VmctlError('VMCTL_VMFILE_INVALID', {
    message: `${path} cannot be used: ${message}.`,
    hint,
    details: { count: 1, problems: [problem] },
  });
}

/** Bad bytes become U+FFFD when nobody minds, which tells where they are. */
async function invalidBytes(bytes: Uint8Array, path: string): Promise<VmctlError> {
  const lenient = new TextDecoder('utf-8').decode(bytes);
  const start = firstBadCharacter(bytes, lenient);
  const { invalidVmFile } = await import('./invalid-vmfile.js');
  return invalidVmFile({
    path,
    source: new SourceText(lenient),
    problems: [
      {
        range: { start, end: start + 1 },
        message: 'this is not UTF-8 text',
        hint: 'Save the file as UTF-8: in another encoding this would be another character.',
      },
    ],
  });
}

/** A file may hold U+FFFD itself, in three good bytes: the first one that is not written so is the bad one. */
function firstBadCharacter(bytes: Uint8Array, lenient: string): number {
  const encoder = new TextEncoder();
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let checked = 0;
  let offset = hasMark ? 3 : 0;
  for (let at = lenient.indexOf('\ufffd'); at !== -1; at = lenient.indexOf('\ufffd', at + 1)) {
    offset += encoder.encode(lenient.slice(checked, at)).length;
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) return at;
    offset += 3;
    checked = at + 1;
  }
  return 0;
}
