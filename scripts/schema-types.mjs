/**
 * Writes packages/core/test/unit/schemas/schema-types.ts: what the JSON Schemas of core say, as types. A type test
 * beside it compares them with what the commands return, so that neither changes without the other. With --check it
 * writes nothing and fails when the file is not as it should be.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { main, repositoryRoot } from './processes.mjs';

/** @typedef {Record<string, any>} Schema what JSON.parse gives of a file that is ours */

/** Describes what vmctl reads. */
const NO_OUTPUT = ['configuration.schema.json'];
const SUFFIX = '.schema.json';
const directory = join(repositoryRoot, 'packages/core/schemas');
const target = join(repositoryRoot, 'packages/core/test/unit/schemas/schema-types.ts');

/** The text of the file, from the schemas in `packages/core/schemas`. */
export async function schemaTypes() {
  const files = readdirSync(directory).filter((name) => name.endsWith(SUFFIX) && !NO_OUTPUT.includes(name));
  const lines = ['// Made by scripts/schema-types.mjs of packages/core/schemas.'];
  for (const file of files.toSorted()) {
    const { $defs = {}, ...root } = JSON.parse(readFileSync(join(directory, file), 'utf8'));
    for (const [name, schema] of Object.entries($defs)) {
      lines.push(`export type ${typeName(file, name)} = ${typeOf(schema, file)};`);
    }
    if (Object.keys(root).some((key) => ['type', 'oneOf', 'anyOf', '$ref'].includes(key))) {
      lines.push(`export type ${typeName(file)} = ${typeOf(root, file)};`);
    }
  }
  return format(lines.join('\n'), { ...(await resolveConfig(target)), parser: 'typescript' });
}

/**
 * Knows what our schemas use, and refuses the rest.
 *
 * @param {Schema} schema
 * @param {string} file in which it stands, for references
 * @returns {string}
 */
function typeOf(schema, file) {
  const { $ref, const: constant, enum: values, type, items, properties, additionalProperties } = schema;
  const alternatives = schema['oneOf'] ?? schema['anyOf'];
  if (typeof $ref === 'string') return referenced($ref, file);
  if (constant !== undefined) return JSON.stringify(constant);
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(' | ');
  if (Array.isArray(alternatives)) return alternatives.map((each) => `(${typeOf(each, file)})`).join(' | ');
  if (Array.isArray(type))
    return type.map((each) => `(${typeOf({ ...schema, type: each }, file)})`).join(' | ');
  switch (type) {
    case undefined:
      return 'unknown';
    case 'string':
    case 'boolean':
    case 'null':
    case 'number':
      return type;
    case 'integer':
      return 'number';
    case 'array':
      return `(${typeOf(items, file)})[]`;
    case 'object':
      if (properties === undefined) return `Record<string, ${typeOf(additionalProperties ?? {}, file)}>`;
      return objectType(schema, file);
    default:
      throw new Error(`${file} has a type that is not known here: ${type}`);
  }
}

/**
 * @param {Schema} schema
 * @param {string} file
 */
function objectType({ properties, required = [] }, file) {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const mark = required.includes(name) ? '' : '?';
    return `${JSON.stringify(name)}${mark}: ${typeOf(schema, file)};`;
  });
  return `{ ${fields.join(' ')} }`;
}

/**
 * @param {string} reference `other.schema.json#/$defs/name/properties/field`, any part of which may be missing
 * @param {string} file
 */
function referenced(reference, file) {
  const [other = '', pointer = ''] = reference.split('#');
  const parts = pointer.split('/').slice(1);
  const of = other === '' ? file : other;
  if (parts.length === 0) return typeName(of);
  const [defs, name, properties, field, ...rest] = parts;
  if (defs !== '$defs' || rest.length > 0 || (field === undefined) !== (properties === undefined)) {
    throw new Error(`${file} has a reference that is not known here: ${reference}`);
  }
  return typeName(of, name) + (field === undefined ? '' : `[${JSON.stringify(field)}]`);
}

/**
 * @param {string} file
 * @param {string} [name] of a definition in it
 */
function typeName(file, name = '') {
  const words = `${file.slice(0, -SUFFIX.length)}-${name}`.split(/[-.]/);
  return [...words, 'schema'].map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    const text = await schemaTypes();
    if (!process.argv.includes('--check')) writeFileSync(target, text);
    else if (readFileSync(target, 'utf8') !== text) {
      throw new Error(`${target} is not what the schemas say. Write it anew: node scripts/schema-types.mjs`);
    }
  });
}
