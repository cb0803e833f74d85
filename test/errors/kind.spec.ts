import * as trackstats from 'nestjs-trackstats';
import * as cli from 'nestjs-trackstats/cli';
import * as dashboard from 'nestjs-trackstats/dashboard';
import * as health from 'nestjs-trackstats/health';
import * as http from 'nestjs-trackstats/http';
import * as opentelemetry from 'nestjs-trackstats/opentelemetry';
import * as prometheus from 'nestjs-trackstats/prometheus';
import * as transfer from 'nestjs-trackstats/transfer';
import * as webhook from 'nestjs-trackstats/webhook';
import { exitCodeFor } from '../../lib/cli/exit-code.js';
import { httpExceptionOf } from '../../lib/http/platform/http.exception.js';

type ErrorClass = new (...args: unknown[]) => Error;

/** The HTTP status and the exit code of each public error. */
const TABLE: Readonly<Record<string, readonly [status: number, exitCode: number]>> = {
  AmbiguousRelationError: [500, 1],
  AmbiguousTrackerError: [400, 2],
  ApplicationNotFoundError: [404, 2],
  CircularMetricError: [500, 1],
  ClockBehindError: [409, 1],
  ConnectionBusyError: [503, 1],
  DataSourceMismatchError: [500, 1],
  DatabaseNotRespondingError: [503, 1],
  DateFormError: [500, 1],
  DefinitionChangedError: [409, 1],
  DefinitionConflictError: [409, 1],
  DerivedMetricError: [400, 1],
  DerivedValueError: [500, 1],
  DomainHasMetricsError: [409, 1],
  DuplicateJobError: [500, 1],
  DuplicateModuleError: [500, 1],
  DuplicateTrackerError: [500, 1],
  ImportRefusedError: [500, 1],
  IncompleteDimensionsError: [400, 1],
  InterruptedError: [500, 130],
  InvalidAlertError: [500, 1],
  InvalidAnnotationError: [400, 1],
  InvalidArgumentError: [400, 2],
  InvalidDashboardOptionsError: [500, 1],
  InvalidDateError: [400, 2],
  InvalidDefinitionError: [400, 1],
  InvalidDimensionError: [400, 1],
  InvalidDimensionValueError: [400, 1],
  InvalidFilterError: [400, 2],
  InvalidHttpOptionsError: [500, 1],
  InvalidKeyError: [400, 1],
  InvalidManagerError: [400, 2],
  InvalidNameError: [400, 1],
  InvalidObjectError: [400, 1],
  InvalidOptionsError: [500, 1],
  InvalidPartOptionError: [500, 1],
  InvalidPeriodError: [400, 2],
  InvalidPropertyPathError: [500, 1],
  InvalidRangeError: [400, 1],
  InvalidRefError: [400, 2],
  InvalidResultError: [500, 1],
  InvalidScheduleError: [500, 1],
  InvalidSourceError: [500, 1],
  InvalidTrackerError: [400, 1],
  InvalidValueError: [400, 1],
  KeyConflictError: [409, 1],
  LeaseLostError: [409, 1],
  LiveReadError: [400, 1],
  MetricHasStatisticsError: [409, 1],
  MisplacedOptionError: [500, 1],
  MissingDashboardPageError: [500, 1],
  MissingDataSourceError: [500, 1],
  MissingDjangoTableError: [500, 1],
  MissingEntityError: [500, 1],
  MissingModuleError: [500, 1],
  MissingPackageError: [501, 2],
  MissingPrivilegeError: [500, 1],
  MissingScheduleModuleError: [500, 1],
  MissingSourceError: [500, 1],
  MissingTableError: [500, 1],
  MixedWritesError: [409, 1],
  NotStartedError: [503, 1],
  NotSummableError: [400, 1],
  NotUtf8Error: [500, 1],
  NothingToResumeError: [404, 2],
  OutOfRangeError: [500, 1],
  OvertakenError: [409, 1],
  RefTakenError: [409, 1],
  RowsLockedError: [503, 1],
  RunTimeoutError: [504, 1],
  SessionSettingError: [500, 1],
  ShuttingDownError: [503, 1],
  SourceDataSourceError: [500, 1],
  SourceGoneError: [409, 1],
  StrayRowsError: [500, 1],
  TableConflictError: [500, 1],
  TooManyPointsError: [400, 1],
  TooManyValuesError: [400, 1],
  TrackerInjectionScopeError: [500, 1],
  TrackerOwnedError: [409, 1],
  UnguardedInterfaceError: [500, 1],
  UninitializedDataSourceError: [500, 1],
  UnknownDomainError: [404, 2],
  UnknownFormatError: [400, 2],
  UnknownMetricError: [404, 2],
  UnknownTimeZoneError: [400, 1],
  UnknownTrackerError: [404, 2],
  UnmappedContentTypesError: [400, 2],
  UnsupportedDatabaseError: [500, 1],
  VerificationOvertakenError: [409, 1],
  WebhookError: [503, 1],
};

const exported = Object.entries({
  ...trackstats,
  ...cli,
  ...dashboard,
  ...health,
  ...http,
  ...opentelemetry,
  ...prometheus,
  ...transfer,
  ...webhook,
});
const classes = new Map(
  exported.filter(([name]) => name.endsWith('Error') && name !== 'TrackstatsError') as [string, ErrorClass][],
);

/** Serves constructors as text and as a list. */
const anything = Object.assign(new String('x'), { join: () => 'x', map: () => ['x'], slice: () => ['x'] });

function made(name: string): Error {
  const args = name === 'InterruptedError' ? ['SIGINT'] : Array.from({ length: 6 }, () => anything);
  return Reflect.construct<unknown[], Error>(classes.get(name)!, args);
}

describe('the errors', () => {
  it('are all in the table', () => {
    expect([...classes.keys()].sort()).toEqual(Object.keys(TABLE));
  });

  it.each(Object.entries(TABLE))('%s: status and exit code %j', (name, expected) => {
    const error = made(name);
    expect([httpExceptionOf(error).getStatus(), exitCodeFor(error)]).toEqual(expected);
  });

  it('that are not of the library are errors of the server, and failures', () => {
    expect([httpExceptionOf(new TypeError('x')).getStatus(), exitCodeFor('x')]).toEqual([500, 1]);
  });
});
