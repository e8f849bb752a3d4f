import { isDeepStrictEqual } from 'node:util';
import { VmctlError } from '../errors/vmctl-error.js';
import { LARGEST, tooLarge } from './file-content.js';
import { layOutKdl } from './kdl-layout.js';
import { parseKdl } from './kdl-parser.js';
import { kdlPieces } from './kdl-pieces.js';
import type { KdlNode } from './kdl-tree.js';
import { SourceText } from './source-text.js';

/**
 * The text of a VMFile in the one form in which all are written. Comments stay, and so does what the file says: the
 * result is read again, and both are compared. What the settings are is not looked at.
 *
 * @param path - what the file is called in messages
 * @throws VMCTL_VMFILE_INVALID for a text that is not KDL 2, with the place of every fault
 */
export async function formatVmFile(text: string, path: string): Promise<string> {
  if (text.length > LARGEST) throw tooLarge(path);
  const source = new SourceText(text.startsWith('\ufeff') ? text.slice(1) : text);
  const before = await nodesOf(source, path);
  const formatted = layOutKdl(source.text);
  const after = parseKdl(formatted);
  const saysTheSame = after.ok && isDeepStrictEqual(after.nodes, before);
  if (!saysTheSame || writtenIn(formatted) !== writtenIn(source.text)) throw changesMeaning(path);
  return formatted;
}

async function nodesOf(source: SourceText, path: string): Promise<readonly KdlNode[]> {
  const parsed = parseKdl(source.text);
  if (parsed.ok) return parsed.nodes;
  const { syntaxError } = await import('./syntax-error.js');
  throw syntaxError({ path, source, failure: parsed });
}

/** All words and comments of a text in their order, without blanks and what separates nodes. */
function writtenIn(text: string): string {
  return kdlPieces(text)
    .filter(({ kind, text: piece }) => kind !== 'continuation' && piece !== ';')
    .map((piece) => piece.text.replaceAll(/\s/g, ''))
    .filter((piece) => piece !== '')
    .join('\n');
}

function changesMeaning(path: string): VmctlError {
  return new VmctlError('VMCTL_FORMAT_FAILED', {
    message: `${path} was not formatted: something of it would be lost. This is a defect of vmctl.`,
    hint: 'The file is as it was. Please report the defect, with the file if you can.',
    details: { path },
  });
}
