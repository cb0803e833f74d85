/** A search for cases that `npm test` does not try: other seeds, and more of them. `npm run test:seeds -- test/properties`. */
process.env.TRACKSTATS_PROPERTY_SEED ??= 'random';
process.env.TRACKSTATS_PROPERTY_RUNS ??= '200';

const { default: config } = await import('./jest.config.js');

export default { ...config, testTimeout: 60 * 60_000 };
