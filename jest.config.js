/** Specs are ESM and need --experimental-vm-modules, which .npmrc gives to `npm test` and to `npx jest`. */
// a process in another zone than the database and the statistics, and one whose clock goes back over midnight
process.env.TZ ??= 'America/St_Johns';

export default {
  testEnvironment: '<rootDir>/test/support/environment.js',
  roots: ['<rootDir>/test'],
  testRegex: '\\.spec\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/soak/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: {
    '^nestjs-trackstats$': '<rootDir>/lib/index.ts',
    '^nestjs-trackstats/([a-z]+)$': '<rootDir>/lib/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.js',
  reporters: ['default', '<rootDir>/test/support/databases-reporter.js'],
  testSequencer: '<rootDir>/test/support/slowest-first.js',
  testTimeout: 60_000,
  // on two cores: a quarter of the time specs wait for processes, disks and servers
  maxWorkers: 3,
  // modules of each spec file stay in memory: a worker of 1.6 GB took 550 ms to end on a busy machine
  workerIdleMemoryLimit: '768MB',
  // after 500 ms, jest's own limit, it kills workers that only free their memory, and says that a test leaks
  workerGracefulExitTimeout: 5_000,
};
