import config from './jest.config.js';

/** Holds every statement that the suite sends to PostgreSQL against the rules of docs/scaling.md. `npm run test:statements`. */
process.env.TRACKSTATS_TEST_DATABASES ??= 'postgres';

export default { ...config, setupFilesAfterEnv: ['<rootDir>/test/support/check-statements.ts'] };
