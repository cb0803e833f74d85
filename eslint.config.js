import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const clock = [
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
    message: 'Ask the clock (lib/trackstats.tokens.ts), so that tests and backfills can say what time it is.',
  },
  {
    selector:
      'CallExpression[callee.object.name="Date"][callee.property.name="now"], CallExpression[callee.name="Date"]',
    message: 'Ask the clock (lib/trackstats.tokens.ts), so that tests and backfills can say what time it is.',
  },
];
const databaseNames = [
  {
    selector: 'Literal[value=/^(better-sqlite3|sqlite|sqljs|postgres|cockroachdb|mysql|mariadb)$/]',
    message: 'What differs by database belongs in lib/database/dialects/; ask the dialect.',
  },
];
const limitsAndLocks = [
  {
    selector: 'TemplateElement[value.raw=/\\b(LIMIT|OFFSET|FETCH FIRST|FOR UPDATE|FOR SHARE|LOCK IN SHARE MODE)\\b/]',
    message:
      'Databases write limits and row locks differently; use dialect.limit, dialect.forUpdate or dialect.forShare.',
  },
];
const namedExports = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name: lib/index.ts lists the public names one by one.' },
];

const inLib = (...restrictions) => ({ 'no-restricted-syntax': ['error', ...restrictions.flat()] });

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', '.tsc-out/', 'sample-app/dist/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // the project has no enums, and this rule looked for them for a tenth of the time
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      // TypeORM and Nest have classes of options, and take literals for them
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['lib/**/*.ts', 'lib/**/*.tsx'],
    rules: { 'no-console': 'error', ...inLib(clock, databaseNames, limitsAndLocks, namedExports) },
  },
  { files: ['lib/database/**/*.ts'], rules: inLib(clock, limitsAndLocks, namedExports) },
  { files: ['lib/database/dialects/**/*.ts'], rules: inLib(clock, namedExports) },
  { files: ['lib/trackstats.tokens.ts'], rules: inLib(databaseNames, namedExports) },
  {
    // specs read raw rows, reach into what they made, and hand over what is wrong on purpose
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          name: 'fast-check',
          importNames: ['default'],
          message: 'Import it from test/support/fast-check.ts, which decides the seeds.',
        },
      ],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['Buffer', 'console', 'fetch', 'module', 'performance', 'process', 'require', 'setTimeout', 'URL'].map(
          (name) => [name, 'readonly'],
        ),
      ),
    },
  },
);
