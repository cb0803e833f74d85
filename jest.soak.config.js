import config from './jest.config.js';

/** What takes minutes: long random histories, many processes, large tables. `npm run test:soak`. */
export default {
  ...config,
  roots: ['<rootDir>/test/soak'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/dist/'],
  // the longest takes an hour of load, and prepares it
  testTimeout: 3 * 60 * 60_000,
  // one at a time: what they measure is their own
  maxWorkers: 1,
};
