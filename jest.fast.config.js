/** What can be run after every change, in two to five minutes: SQLite only, without what starts processes or a browser. `npm run test:fast`. */
process.env.TRACKSTATS_TEST_DATABASES ??= 'sqlite';
process.env.TRACKSTATS_TEST_CHROMIUM ??= 'none';

const { default: config } = await import('./jest.config.js');

export default {
  ...config,
  testPathIgnorePatterns: [
    ...config.testPathIgnorePatterns,
    '<rootDir>/test/(cli|consumers|sample-app)/',
    '<rootDir>/test/execution/processes',
  ],
};
