import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseVnics } from '../../../src/host/dladm-output.js';
import { linkNameFor, linkNameProblem } from '../../../src/host/link-name.js';
import { parseMacAddress } from '../../../src/host/mac-address.js';
import { splitFields } from '../../../src/host/parsable-fields.js';
import { parseVolumes } from '../../../src/host/zfs-output.js';
import { parseZones } from '../../../src/host/zoneadm-output.js';

const text = fc.string().map((value) => value.replaceAll(/[\n\t]/g, ''));
const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/);

it('fields that dladm has escaped come back as they were', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (fields) => {
      const line = fields.map((field) => field.replaceAll(/[\\:]/g, String.raw`\$&`)).join(':');
      expect(splitFields(line, 'colon-and-backslash')).toEqual(fields);
    }),
  );
});

it('VNICs come back as they were, however their MAC addresses are padded', () => {
  const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, octets, fc.boolean())), (vnics) => {
      const output = vnics.map(([link, over, mac, isPadded]) => {
        const shown = mac.map((octet) => octet.toString(16).padStart(isPadded ? 2 : 1, '0'));
        return `${link}:${over}:${shown.join(String.raw`\:`)}\n`;
      });
      expect(parseVnics(output.join(''))).toEqual(
        vnics.map(([link, over, mac]) => ({
          link,
          over,
          macAddress: mac.map((octet) => octet.toString(16).padStart(2, '0')).join(':'),
        })),
      );
    }),
  );
});

it('zones with any path come back as they were', () => {
  // A path that ends in a backslash before a colon cannot be told from an escape: zoneadm does not escape backslashes.
  const path = text.filter((value) => !/\\(?::|$)/.test(value));
  const id = fc.option(fc.nat({ max: 9999 }), { nil: undefined });
  fc.assert(
    fc.property(fc.array(fc.tuple(id, word, path)), (zones) => {
      const output = zones.map(
        ([each, name, where]) =>
          `${each ?? '-'}:${name}:running:${where.replaceAll(':', String.raw`\:`)}:uuid:ipkg:excl:0\n`,
      );
      expect(parseZones(output.join('')).map((zone) => [zone.id, zone.name, zone.path])).toEqual(
        zones.map(([each, name, where]) => [each, name, where]),
      );
    }),
  );
});

it('volumes come back with their sizes to the byte', () => {
  const size = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(fc.array(fc.tuple(word, size)), (volumes) => {
      const output = volumes.map(([name, bytes]) => `rpool/${name}\t${bytes}\t-\n`).join('');
      expect(parseVolumes(output).map((volume) => [volume.name, volume.size])).toEqual(
        volumes.map(([name, bytes]) => [`rpool/${name}`, bytes]),
      );
    }),
  );
});

it('whatever a tool prints is read or refused with the line, and nothing else is thrown', () => {
  fc.assert(
    fc.property(fc.string(), (output) => {
      for (const parse of [parseVolumes, parseVnics, parseZones]) {
        try {
          parse(output);
        } catch (error) {
          expect((error as Error).name).toBe('UnreadableOutput');
        }
      }
      parseMacAddress(output);
    }),
  );
});

it('the VNIC of any work directory has a name that illumos takes, and always the same', () => {
  fc.assert(
    fc.property(fc.string(), (workDir) => {
      const name = linkNameFor(workDir);
      expect(linkNameProblem(name)).toBeUndefined();
      expect(linkNameFor(workDir)).toBe(name);
    }),
  );
});
