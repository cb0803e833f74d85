/**
 * Settings of a connection, from the environment, with which the whole suite can be run.
 * JavaScript, because the drivers come without types.
 */
import pg from 'pg';

const ZONE = process.env.TRACKSTATS_TEST_TIMEZONE ?? '';
const READS = process.env.TRACKSTATS_TEST_READS ?? '';

/** Returns the settings that the environment asks for. */
export function connectionSettings(kind) {
  switch (kind) {
    case 'sqlite':
      return { prepareDatabase: prepareSqlite };
    case 'postgres':
      if (READS === 'unusual') setUnusualParsers();
      return ZONE === '' ? {} : { extra: { options: `-c timezone=${sessionZone(ZONE)}` } };
    case 'mariadb':
      return {
        ...(ZONE === '' ? {} : { timezone: ZONE }),
        ...(READS === 'unusual' ? { extra: { typeCast: unusualTypeCast } } : {}),
      };
  }
}

function prepareSqlite(connection) {
  connection.pragma('synchronous = OFF'); // no spec needs a commit to survive the machine
  if (READS === 'unusual') connection.defaultSafeIntegers(true);
}

/** PostgreSQL's name for a `timezone` of mysql2. POSIX counts offsets to the west. */
function sessionZone(timezone) {
  if (timezone === 'local') return process.env.TZ ?? 'UTC';
  if (timezone === 'Z') return 'UTC';
  return `<${timezone}>${timezone.startsWith('-') ? '' : '-'}${timezone.slice(1)}`;
}

const { BOOL, DATE, INT8, NUMERIC, TIMESTAMPTZ } = pg.types.builtins;

/**
 * Sets parsers as applications do for the whole process: dates as instants of UTC, exact numbers as numbers, booleans as
 * the database writes them. Returns a function that restores the earlier ones.
 */
export function setUnusualParsers() {
  const parsers = [
    [BOOL, String],
    [DATE, (text) => new Date(text)],
    [INT8, BigInt],
    [NUMERIC, Number],
    [TIMESTAMPTZ, String],
  ];
  const before = parsers.map(([type]) => [type, pg.types.getTypeParser(type)]);
  for (const [type, parse] of parsers) pg.types.setTypeParser(type, parse);
  return () => before.forEach(([type, parse]) => pg.types.setTypeParser(type, parse));
}

/** The same as a `typeCast` of mysql2. */
export function unusualTypeCast(field, next) {
  const parse = { DATE: (text) => new Date(text), LONGLONG: BigInt, NEWDECIMAL: Number, TINY: String }[field.type];
  if (parse === undefined) return next();
  const text = field.string();
  return text === null ? null : parse(text);
}

/** Sets `parseInputDatesAsUTC` of the driver for PostgreSQL. Returns what it was. */
export function setInputDatesAsUtc(isUtc) {
  const before = pg.defaults.parseInputDatesAsUTC;
  pg.defaults.parseInputDatesAsUTC = isUtc;
  return before;
}
