import { linesOf, splitFields, UnreadableOutput } from './parsable-fields.js';

/** A zone of the host. */
export interface Zone {
  /** Undefined while it does not run. */
  readonly id: number | undefined;
  readonly name: string;
  /** `running`, `installed`, … */
  readonly state: string;
  readonly path: string;
  readonly uuid: string | undefined;
  readonly brand: string;
  /** `shared` or `excl`. */
  readonly ipType: string;
}

/**
 * Reads `zoneadm list -cp`: `zoneid:name:state:zonepath:uuid:brand:ip-type`, `-` for the id of a zone that does not
 * run, `\:` for a colon. Further fields are passed over.
 *
 * @throws {@link UnreadableOutput}
 */
export function parseZones(output: string): Zone[] {
  return linesOf(output).map((line) => {
    const [id = '', name = '', state = '', path, uuid, brand, ipType] = splitFields(line, 'colon');
    if (path === undefined || uuid === undefined || brand === undefined || ipType === undefined) {
      throw new UnreadableOutput(line, 'not the seven fields of a zone');
    }
    if (name === '' || !/^(?:-|\d+)$/.test(id)) throw new UnreadableOutput(line, 'not the id of a zone');
    return {
      id: id === '-' ? undefined : Number(id),
      name,
      state,
      path,
      uuid: uuid === '' ? undefined : uuid,
      brand,
      ipType,
    };
  });
}
