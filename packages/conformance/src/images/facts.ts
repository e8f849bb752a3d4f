import type { ImageSource } from '@vmctl/core/plugin';
import type { Check } from '../check.js';
import type { ImageSourceLab } from './lab.js';
import type { ServedImage } from './subject.js';

/** What decides which checks can be asked of a source. */
export interface ImageSourceFacts {
  readonly fingerprints: boolean;
  readonly replaces: boolean;
  readonly countsOpen: boolean;
  readonly truncates: boolean;
  readonly stalls: boolean;
}

export type ImageSourceCheck = Check<ImageSourceFacts, ImageSourceLab>;

/** The facts about a source, and about an image that is served through it. */
export function factsOf(source: ImageSource, served: ServedImage): ImageSourceFacts {
  return {
    fingerprints: source.fingerprint !== undefined,
    replaces: served.replace !== undefined,
    countsOpen: served.open !== undefined,
    truncates: served.truncated !== undefined,
    stalls: served.stalled !== undefined,
  };
}

export const unlessFingerprints = ({ fingerprints }: ImageSourceFacts): string | undefined =>
  fingerprints ? undefined : 'the source has no fingerprint()';
