import { parseMacAddress } from './mac-address.js';
import { linesOf, splitFields, UnreadableOutput } from './parsable-fields.js';

/** A virtual network card of the host. */
export interface Vnic {
  readonly link: string;
  /** The link below it; undefined for one that dladm shows none for. */
  readonly over: string | undefined;
  /** `02:08:20:…`, lower case and padded; undefined when dladm shows none. */
  readonly macAddress: string | undefined;
}

/**
 * Reads `dladm show-vnic -p -o link,over,macaddress`. Further fields are passed over.
 *
 * @throws {@link UnreadableOutput}
 */
export function parseVnics(output: string): Vnic[] {
  return linesOf(output).map((line) => {
    const [link = '', over, mac] = splitFields(line, 'colon-and-backslash');
    if (link === '' || over === undefined || mac === undefined) {
      throw new UnreadableOutput(line, 'not link, over and macaddress');
    }
    const macAddress = parseMacAddress(mac);
    if (macAddress === undefined && mac !== '' && mac !== '-') {
      throw new UnreadableOutput(line, 'the MAC address is none');
    }
    return { link, over: over === '' || over === '-' ? undefined : over, macAddress };
  });
}

/** Reads the output of one field (`dladm show-link -p -o link`), in which nothing is escaped. */
export function parseLinkNames(output: string): string[] {
  return linesOf(output);
}
