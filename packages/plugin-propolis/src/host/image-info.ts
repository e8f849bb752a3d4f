import { UnreadableOutput } from './parsable-fields.js';

/** An image as qemu-img describes it. */
export interface ImageInfo {
  /** `qcow2`, `raw`, … */
  readonly format: string;
  /** Bytes that a guest sees. */
  readonly virtualSize: number;
}

/**
 * Reads `qemu-img info --output=json`.
 *
 * @throws {@link UnreadableOutput}
 */
export function parseImageInfo(output: string): ImageInfo {
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw new UnreadableOutput(output, 'no JSON');
  }
  if (typeof answer === 'object' && answer !== null && 'format' in answer && 'virtual-size' in answer) {
    const { format, 'virtual-size': virtualSize } = answer;
    if (typeof format === 'string' && Number.isSafeInteger(virtualSize) && Number(virtualSize) > 0) {
      return { format, virtualSize: Number(virtualSize) };
    }
  }
  throw new UnreadableOutput(output, 'neither format nor virtual-size');
}
