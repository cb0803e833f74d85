import config from './jest.config.js';

/** What takes minutes: long random histories, many processes, large tables. `npm run test:soak`. */
export default {
  ...config,
  roots: ['<rootDir>'],
  testRegex: '/test/soak/.*\\.spec\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/dist/'],
  testTimeout: 30 * 60_000,
};
