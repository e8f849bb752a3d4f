import { isIPv4 } from 'node:net';
import { stripVTControlCharacters } from 'node:util';
import { parseMacAddress } from './host/mac-address.js';

/**
 * The IPv4 address of a network card as the guest itself has said it on its console: cloud-init prints a table of the
 * interfaces (`ci-info: | eth0 | True | 10.0.0.5 | 255.255.255.0 | global | 02:08:… |`) at each boot. The last one
 * counts.
 */
export function addressOnConsole(text: string, macAddress: string): string | undefined {
  const lines = stripVTControlCharacters(text).split(/[\r\n]+/);
  for (const line of lines.toReversed()) {
    if (!line.includes('ci-info:')) continue;
    const cells = line.split('|').map((cell) => cell.trim());
    if (!cells.some((cell) => parseMacAddress(cell) === macAddress)) continue;
    const address = cells.find((cell) => isIPv4(cell));
    if (address !== undefined) return address;
  }
  return undefined;
}
