const OCTETS = 6;

/**
 * A MAC address as vmctl writes it: lower case, each octet with two digits. illumos leaves leading zeros out
 * (`2:8:20:a:b:c`).
 *
 * @returns undefined for what is none
 */
export function parseMacAddress(text: string): string | undefined {
  const octets = text.split(/[:-]/);
  if (octets.length !== OCTETS || !octets.every((octet) => /^[0-9a-f]{1,2}$/i.test(octet))) return undefined;
  return octets.map((octet) => octet.toLowerCase().padStart(2, '0')).join(':');
}
