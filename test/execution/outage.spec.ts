import { QueryRunnerAlreadyReleasedError } from 'typeorm';
import { PostgresDialect } from '../../lib/database/dialects/postgres.dialect.js';
import { prospectOf } from '../../lib/execution/retry.js';

describe('a connection that PostgreSQL ended between two statements', () => {
  it('is an outage, after which a scheduled run is tried again', () => {
    const dialect = new PostgresDialect();
    const error = new QueryRunnerAlreadyReleasedError();
    expect(prospectOf(error, false, (given) => dialect.isUnavailable(given))).toBe('outage');
    expect(prospectOf(new TypeError('no'), false, (given) => dialect.isUnavailable(given))).toBe('hopeless');
  });
});
