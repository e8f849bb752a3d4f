import { createReadStream } from 'node:fs';
import { isMissing } from '../thrown.js';

/** What a console's log says in the place of output that the server no longer has. */
export function missingMark(bytes: number): string {
  return `\r\n[vmctl: ${bytes} bytes are missing here]\r\n`;
}

const MARK = /\r\n\[vmctl: (\d{1,15}) bytes are missing here\]\r\n/g;
const LONGEST_MARK = missingMark(999_999_999_999_999).length;

/**
 * How far a log has come in the output of a boot: its bytes from the place on where that begins, with those that it says
 * are missing and without the words that say so.
 *
 * @returns bytes since the boot; 0 where there is no log
 */
export async function bytesRecorded(path: string, start: number): Promise<number> {
  let count = 0;
  let text = '';
  try {
    // A character a byte: what the guest writes may be anything.
    for await (const chunk of createReadStream(path, { start, encoding: 'latin1' })) {
      const piece = String(chunk);
      count += piece.length;
      text += piece;
      let end = 0;
      for (const mark of text.matchAll(MARK)) {
        count += Number(mark[1]) - mark[0].length;
        end = mark.index + mark[0].length;
      }
      // The next piece may have the rest of one.
      text = text.slice(Math.max(end, text.length - LONGEST_MARK));
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return count;
}
