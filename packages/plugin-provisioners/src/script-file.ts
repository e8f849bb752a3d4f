import { closeSync, openSync, readSync } from 'node:fs';
import { type Complaint, lookAt } from './local-path.js';
import { messageOf } from './thrown.js';

/** The first line of a script is within it. */
const HEAD_BYTES = 4096;
const BYTE_ORDER_MARK = '\ufeff';

/** What is wrong with a script of the host, before anything is done with it; undefined when it can be used. */
export function checkScript(path: string, baseDir: string): Complaint | undefined {
  const found = lookAt('script', path, baseDir);
  if ('complaint' in found) return found.complaint;
  if (found.stats.isDirectory()) {
    return {
      message: `"script" names a directory: ${path}`,
      hint: 'Copy directories with a `file` step, and run what is in them with a `shell` step.',
    };
  }
  if (!found.stats.isFile()) return { message: `"script" must name a plain file: ${path}` };
  let head: string;
  try {
    head = headOf(path);
  } catch (error) {
    return { message: `"script" cannot be read: ${messageOf(error)}` };
  }
  return checkText(head, path);
}

/** Both make the kernel look for an interpreter of a strange name; the guest's message hides what is wrong. */
function checkText(head: string, path: string): Complaint | undefined {
  const end = head.indexOf('\n');
  if (end > 0 && head[end - 1] === '\r') {
    return {
      message: `"script" names a file with Windows line ends, which a guest cannot run: ${path}`,
      hint: `Convert it: sed -i 's/\\r$//' ${path}. To keep git from changing it: *.sh text eol=lf in .gitattributes`,
    };
  }
  if (head.startsWith(BYTE_ORDER_MARK)) {
    return {
      message: `"script" names a file that begins with a byte order mark, which a guest cannot run: ${path}`,
      hint: 'Save it as UTF-8 without a byte order mark.',
    };
  }
  return undefined;
}

function headOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(HEAD_BYTES);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
