import { BUCKET_LENGTHS, bucketsBetween } from '../../lib/time/time-bucket.js';
import { connect, currentRun, type ServerConnection } from '../support/servers.js';
import { isStart } from './bucket-model.js';
import { AGREES_FROM, AGREES_UNTIL } from './tzdata-differences.js';
import { ZONES } from './wall-clock.js';

const FROM = Date.UTC(1970, 0, 2) / 1000;
const TO = Date.UTC(2037, 11, 30) / 1000;
/** A spec of time zones says that no zone has two changes within three days. */
const THREE_DAYS = 3 * 86_400;
/** before and after each change: the longest bucket */
const BESIDE = 3600;

/** A change of a zone's offset as PostgreSQL has it: the first second with the new offset. */
interface Change {
  readonly zone: string;
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

const run = currentRun();
const server = run?.found.find(({ kind }) => kind === 'postgres');
const describeOnPostgres = server === undefined ? describe.skip : describe;

describeOnPostgres("buckets of every zone against PostgreSQL's AT TIME ZONE", () => {
  let postgres: ServerConnection;
  beforeAll(async () => {
    postgres = await connect('postgres', server?.url ?? '');
  });
  afterAll(() => postgres.end());

  it('begin where its clock says, beside every change from 1970 to 2037', async () => {
    const changes = await changesOf(postgres, await zonesOf(postgres));
    expect(changes.length).toBeGreaterThan(20_000);
    const differences: string[] = [];
    for (const change of changes) {
      for (const length of BUCKET_LENGTHS) {
        const ours = startsBeside(change, length);
        const theirs = modelStarts(change, length);
        if (ours.join() !== theirs.join())
          differences.push(`${change.zone} ${new Date(change.at * 1000).toISOString()} ${String(length)}`);
      }
    }
    expect(differences).toEqual([]);
  }, 120_000);
});

function startsBeside({ zone, at }: Change, length: (typeof BUCKET_LENGTHS)[number]): number[] {
  const buckets = bucketsBetween({ zone, length }, at - BESIDE, at + BESIDE);
  return [...buckets].map(({ start }) => start).filter((start) => start >= at - BESIDE);
}

const walked = new Map<string, readonly number[]>();

/**
 * Every second of the range at which a bucket begins, by a walk. Changes at the same second of an hour, between the same
 * offsets, share one: every length divides an hour.
 */
function modelStarts({ at, before, after }: Change, length: number): number[] {
  const key = [at % 3600, before, after, length].join();
  const known = walked.get(key) ?? walk({ at: at % 3600, before, after }, length);
  walked.set(key, known);
  return known.map((start) => start + at - (at % 3600));
}

function walk({ at, before, after }: Omit<Change, 'zone'>, length: number): number[] {
  const offsetAt = (second: number): number => (second < at ? before : after);
  const seconds = Array.from({ length: 2 * BESIDE }, (_, index) => at - BESIDE + index);
  return seconds.filter((second) => isStart(offsetAt, length, second));
}

async function zonesOf(postgres: ServerConnection): Promise<string[]> {
  const rows = await postgres.query('SELECT name FROM pg_timezone_names');
  const known = new Set(rows.map(({ name }) => name));
  const zones = ZONES.filter((zone) => known.has(zone));
  expect(zones.length).toBeGreaterThan(400);
  return zones;
}

/** Compares the offsets of every third day, and halves the time between them until the second of the change is found. */
async function changesOf(postgres: ServerConnection, zones: readonly string[]): Promise<Change[]> {
  const rows = await postgres.query(`
    WITH RECURSIVE
      zone (name) AS (SELECT unnest(ARRAY[${zones.map((zone) => `'${zone}'`).join()}])),
      day (name, second, shown) AS MATERIALIZED (
        SELECT name, second, extract(epoch FROM to_timestamp(second) AT TIME ZONE name)::bigint - second
        FROM zone, generate_series(${String(FROM)}::bigint, ${String(TO)}, ${String(THREE_DAYS)}) second),
      step (name, low, high, before, after) AS (
        SELECT * FROM (
          SELECT name, lag(second) OVER zones AS low, second AS high, lag(shown) OVER zones AS before, shown AS after
          FROM day WINDOW zones AS (PARTITION BY name ORDER BY second)) d
        WHERE before <> after
        UNION ALL
        SELECT name, CASE WHEN shown = before THEN middle ELSE low END, CASE WHEN shown = before THEN high ELSE middle END,
          before, after
        FROM step, LATERAL (SELECT (low + high) / 2) m (middle),
          LATERAL (SELECT extract(epoch FROM to_timestamp(middle) AT TIME ZONE name)::bigint - middle) o (shown)
        WHERE high - low > 1)
    SELECT name, high, before, after FROM step WHERE high - low = 1`);
  const changes = rows.map((row): Change => ({
    zone: String(row['name']),
    at: Number(row['high']),
    before: Number(row['before']),
    after: Number(row['after']),
  }));
  return changes.filter(({ zone, at }) => {
    const from = Date.parse(AGREES_FROM[zone] ?? '1970-01-01') / 1000;
    const until = Date.parse(AGREES_UNTIL[zone] ?? '2038-01-01') / 1000;
    return at >= from && at <= until;
  });
}
