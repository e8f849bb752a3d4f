import { defineConfig } from 'oxlint';

/**
 * The folders of core from the lowest up; `vmctl` is the file of the library object. An import may point to the left
 * only.
 */
const layers = [
  'errors',
  'events',
  'host',
  'images',
  'hypervisor',
  'state',
  'vmfile',
  'config',
  'guest',
  'provisioner',
  'plugins',
  'plugin-store',
  'project-plugins',
  'pipeline',
  'operations',
  'vmctl',
  'ui',
  'cli',
  'commands',
] as const;

/** What core offers to others; nothing inside core imports it. */
const entryPoints = ['index', 'plugin', 'testing'];

interface RestrictedImport {
  readonly regex: string;
  readonly message: string;
  readonly allowTypeImports?: boolean;
}

const restrictImports = (...patterns: RestrictedImport[]): ['error', { patterns: RestrictedImport[] }] => [
  'error',
  { patterns },
];

const noPlugins: RestrictedImport = {
  regex: '^@vmctl/plugin-|/plugin-[a-z]+/(?:src|dist)/',
  message: 'Core knows no plugin: it reaches them through the hooks of plugins/hooks.ts.',
};

/** The rule for one layer: what stands above it cannot be imported from it. */
function layerRule(layer: (typeof layers)[number], index: number) {
  const above = [...layers.slice(index + 1), ...entryPoints];
  return {
    files: [`packages/core/src/${layer}/**/*.ts`, `packages/core/src/${layer}.ts`],
    rules: {
      'no-restricted-imports': restrictImports(noPlugins, {
        regex: `^(?:\\./|(?:\\.\\./)+)(?:${above.join('|')})(?:/|\\.js$)`,
        message: `Imports point downwards: ${layer} may use ${layers.slice(0, index).join(', ') || 'no other folder'}.`,
      }),
    },
  };
}

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'node'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true, reportUnusedDisableDirectives: 'error' },
  env: { node: true, es2024: true },
  ignorePatterns: ['**/dist/**', '**/coverage/**', '.demo/**'],
  rules: {
    'no-console': 'error',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    eqeqeq: ['error', 'always'],
    'import/no-cycle': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/only-throw-error': ['error', { allowThrowingUnknown: true, allowThrowingAny: true }],
    'typescript/consistent-type-imports': 'error',

    // Spreads group the options of a command line with their values.
    'unicorn/no-useless-spread': 'off',
    // A function stands beside its only use.
    'unicorn/consistent-function-scoping': 'off',
    // Sorting what readdir or filter just made changes nobody else's array.
    'unicorn/no-array-sort': 'off',
    // `fc.string()` is how fast-check is read.
    'import/no-named-as-default-member': 'off',
    // Conditions change while a loop awaits.
    'no-unmodified-loop-condition': 'off',
    // The compiler's noImplicitReturns knows which switches are exhaustive.
    'typescript/consistent-return': 'off',
    // Casts carry a comment with their reason, which a linter cannot judge.
    'typescript/no-unsafe-type-assertion': 'off',
  },
  overrides: [
    { files: ['packages/core/src/*.ts'], rules: { 'no-restricted-imports': restrictImports(noPlugins) } },
    ...layers.map(layerRule),
    {
      files: ['{packages/plugin-*,packages/core/templates/*,examples/*}/src/**/*.ts'],
      rules: {
        'no-restricted-imports': restrictImports(
          {
            regex: '^@vmctl/core/plugin$',
            allowTypeImports: true,
            message: 'A plugin imports types only; at run time everything comes from `host`.',
          },
          {
            regex: '^@vmctl/core(?:$|/(?:[^p]|p[^l]))|^(?:\\.\\./)+core/',
            message: 'A plugin is written against @vmctl/core/plugin only.',
          },
        ),
      },
    },
    {
      files: ['packages/conformance/src/**/*.ts'],
      rules: {
        'no-restricted-imports': restrictImports(noPlugins, {
          regex: '^@vmctl/core(?:$|/(?:[^pt]|p[^l]|t[^e]))|^(?:\\.\\./)+core/',
          message: 'The kit sees of core what plugins see: @vmctl/core/plugin and @vmctl/core/testing.',
        }),
      },
    },
    {
      files: ['**/test/**/*.ts'],
      plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'node', 'jest'],
      rules: {
        'typescript/unbound-method': 'off',
      },
    },
  ],
});
