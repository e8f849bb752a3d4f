// @ts-nocheck chevrotain's types have none of the members that are replaced here.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parser } from 'kdljs/src/parser/kdl.js';

/**
 * Which tokens lead into one choice of the grammar.
 *
 * @typedef {object} LookaheadEntry
 * @property {number} key under which chevrotain looks the choice up
 * @property {'alternatives' | 'optional'} kind
 * @property {boolean} gated whether alternatives have conditions of their own
 * @property {string[][][]} alternatives token names; each alternative has one or more sequences that begin it
 *
 * @typedef {readonly LookaheadEntry[]} LookaheadTable
 */

/**
 * Works out, with chevrotain itself, what its parsers work out from their grammar each time they are constructed.
 *
 * @returns {Promise<LookaheadTable>}
 */
export async function recordLookahead() {
  const kdljs = createRequire(import.meta.url).resolve('kdljs');
  const chevrotain = await import(pathToFileURL(createRequire(kdljs).resolve('chevrotain')).href);

  /** @type {LookaheadEntry[]} */
  const table = [];
  /** @type {Omit<LookaheadEntry, 'key'> | undefined} */
  let current;
  const names = (/** @type {{ name: string }[][]} */ paths) =>
    paths.map((path) => path.map(({ name }) => name));

  class Recorder extends chevrotain.LLkLookaheadStrategy {
    buildLookaheadForAlternation(options) {
      const { prodOccurrence: occurrence, rule, maxLookahead, hasPredicates } = options;
      const paths = chevrotain.getLookaheadPaths({ occurrence, rule, prodType: 'Alternation', maxLookahead });
      current = { kind: 'alternatives', gated: hasPredicates, alternatives: paths.map(names) };
      return () => undefined;
    }

    buildLookaheadForOptional(options) {
      const { prodOccurrence: occurrence, rule, maxLookahead, prodType } = options;
      const [inside = []] = chevrotain.getLookaheadPaths({ occurrence, rule, prodType, maxLookahead });
      current = { kind: 'optional', gated: false, alternatives: [names(inside)] };
      return () => undefined;
    }
  }

  // The parser that kdljs made at its import is not used for anything else here.
  Object.assign(parser, {
    lookaheadStrategy: new Recorder({ maxLookahead: parser.maxLookahead }),
    setLaFuncCache(/** @type {number} */ key) {
      if (current === undefined) throw new Error('chevrotain stores what it did not ask for.');
      table.push({ key, ...current });
      current = undefined;
    },
  });
  parser.preComputeLookaheadFunctions(Object.values(parser.getGAstProductions()));
  return table;
}
