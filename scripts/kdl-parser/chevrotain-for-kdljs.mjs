// @ts-nocheck chevrotain's types have none of the members that are replaced here.
/**
 * What kdljs gets for chevrotain in the bundle: the same parser and lexer, without the work that they do each time
 * they are constructed.
 */
import {
  EmbeddedActionsParser as Parser,
  EarlyExitException,
  EOF,
  Lexer as CheckedLexer,
  MismatchedTokenException,
  NoViableAltException,
} from 'chevrotain';
import table from 'kdljs-lookahead';

export { createToken, createTokenInstance, EOF, MismatchedTokenException } from 'chevrotain';

export class Lexer extends CheckedLexer {
  constructor(definition) {
    super(definition, {
      // The tests of kdljs have checked its tokens.
      skipValidations: true,
      // Saves the analysis of the tokens' patterns, which helps texts of megabytes only.
      safeMode: true,
      // Lines are counted where a problem is shown.
      positionTracking: 'onlyOffset',
    });
  }
}

export class EmbeddedActionsParser extends Parser {
  constructor(tokens) {
    super(tokens, { skipValidations: true });
  }

  /** Takes the tables from the build instead of working them out from the grammar. */
  performSelfAnalysis() {
    this.selfAnalysisDone = true;
    for (const { key, kind, gated, alternatives } of table) {
      const indices = alternatives.map((paths) =>
        paths.map((path) => path.map((name) => this.#indexOf(name))),
      );
      this.setLaFuncCache(key, kind === 'optional' ? beginsWith(indices[0]) : chooses(indices, gated));
    }
  }

  // kdljs tries a property before every argument, so errors are an everyday matter. Their messages, which take long
  // to put together, are read by nobody.

  raiseNoAltException() {
    throw this.#error(NoViableAltException);
  }

  raiseEarlyExitException() {
    throw this.#error(EarlyExitException);
  }

  consumeInternalError() {
    throw this.#error(MismatchedTokenException);
  }

  #error(Type) {
    if (this.isBackTracking()) return wrongTrack;
    return this.SAVE_ERROR(new Type('unexpected', this.LA(1), this.LA(0)));
  }

  #indexOf(name) {
    const type = name === 'EOF' ? EOF : this.tokensMap[name];
    return type.tokenTypeIdx;
  }
}

/** Thrown where something is tried only; nobody looks at it. */
const wrongTrack = new MismatchedTokenException('unexpected', undefined, undefined);

/** Whether the next tokens are one of the sequences. Called with the parser as `this`. */
function beginsWith(paths) {
  return function () {
    return matches(this, paths);
  };
}

/** The index of the first alternative that the next tokens begin and that its own condition allows. */
function chooses(alternatives, gated) {
  return function (declared) {
    for (let index = 0; index < alternatives.length; index++) {
      if (gated && declared[index].GATE?.call(this) === false) continue;
      if (matches(this, alternatives[index])) return index;
    }
    return undefined;
  };
}

function matches(parser, paths) {
  for (const path of paths) {
    let at = 0;
    while (at < path.length && parser.LA(at + 1).tokenTypeIdx === path[at]) at++;
    if (at === path.length) return true;
  }
  return false;
}
