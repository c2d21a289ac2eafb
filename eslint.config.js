import tseslint from 'typescript-eslint'

const limits = {
  'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
}

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'data', '.tap', '**/*.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      ...limits,
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'TSEnumDeclaration', message: 'Use an `as const` table.' },
      ],
    },
  },
  {
    // Casts stay where bytes become values (docs/decisions/001).
    files: ['src/**/*.ts'],
    ignores: ['src/ttlv/**', 'src/schema/**'],
    rules: {
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
    },
  },
  {
    // The one place that makes code, and of nothing but tables (docs/decisions/023).
    files: ['src/schema/straight-line.ts'],
    rules: { '@typescript-eslint/no-implied-eval': 'off' },
  },
  {
    // Tables are data: they may be as long as the specification is.
    files: ['src/protocol/**/*.ts', '**/*.generated.ts'],
    rules: { 'max-lines': 'off' },
  },
  {
    files: ['spec-tests/**/*.ts', 'conformance/**/*.ts', 'bench/**/*.ts', '.ci/**/*.ts', 'certs/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', 'max-lines': 'off', 'no-console': 'off' },
  },
)
