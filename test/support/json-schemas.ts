import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './vmctl-home.js';

const core = join(repositoryRoot, 'packages/core');
const SUFFIX = '.schema.json';

/** The names of the schemas that core ships. */
export function schemaNames(): string[] {
  return readdirSync(join(core, 'schemas')).map((file) => file.slice(0, -SUFFIX.length));
}

/** Every command of core, as it is typed: `image list`. */
export function commandNames(): string[] {
  return readdirSync(join(core, 'src/commands'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => path.replace(/(?:\/index)?\.ts$/, '').replaceAll('/', ' '))
    .toSorted();
}

/** The name of the schema of a command. */
export function schemaOf(command: string): string {
  return command.replaceAll(' ', '-');
}

/**
 * The schemas of core.
 *
 * @param options.closed - refuse fields that a schema does not name. As they are shipped they allow them, so that who reads
 *   with them today also reads what a later vmctl adds; what vmctl prints today all has to be in them
 */
export class JsonSchemas {
  readonly #ajv: Ajv2020;

  constructor({ closed }: { readonly closed: boolean }) {
    // What `strict` asks for beyond the standard is about the style of schemas.
    this.#ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
    addFormats.default(this.#ajv);
    for (const name of schemaNames()) {
      const schema: unknown = JSON.parse(readFileSync(join(core, 'schemas', name + SUFFIX), 'utf8'));
      this.#ajv.addSchema((closed ? withoutAdditions(schema) : schema) as object);
    }
  }

  /** What is wrong with a value, a line each. */
  problems(name: string, value: unknown): string[] {
    const validate: ValidateFunction | undefined = this.#ajv.getSchema(name + SUFFIX);
    if (validate === undefined) throw new Error(`There is no schema ${name}.`);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }
}

/** The schema with every object closed that names its fields. */
function withoutAdditions(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutAdditions);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, key === 'enum' ? value : withoutAdditions(value)]),
  );
  const isOpen = 'properties' in copy && copy['type'] === 'object' && !('additionalProperties' in copy);
  return isOpen ? { ...copy, additionalProperties: false } : copy;
}
