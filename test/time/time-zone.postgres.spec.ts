import { dayNumber } from '../../lib/time/local-date.js';
import { localDateAt } from '../../lib/time/time-zone.js';
import { offsetAt, offsetChanges } from '../../lib/time/zone-offsets.js';
import fc from '../support/fast-check.js';
import { connect, currentRun, type ServerConnection } from '../support/servers.js';
import { AGREES_FROM, AGREES_UNTIL } from './tzdata-differences.js';
import { ZONES } from './wall-clock.js';

const FROM = Date.UTC(1900, 0, 5) / 1000;
const TO = Date.UTC(2037, 11, 20) / 1000;
const DAY = 86_400;
const WINDOW = 4 * 366 * DAY;

interface Question {
  zone: string;
  second: number;
}

const run = currentRun();
const server = run?.found.find(({ kind }) => kind === 'postgres');
const describeOnPostgres = server === undefined ? describe.skip : describe;
if (server === undefined) {
  const reason = run?.missing.find(({ kind }) => kind === 'postgres')?.reason ?? 'the global set-up found none';
  process.stderr.write(
    `Skipped: all zones against PostgreSQL's AT TIME ZONE (${reason}; TRACKSTATS_TEST_POSTGRES_URL).\n`,
  );
}

describeOnPostgres("all zones against PostgreSQL's AT TIME ZONE", () => {
  let postgres: ServerConnection;
  beforeAll(async () => {
    postgres = await connect('postgres', server?.url ?? '');
  });
  afterAll(() => postgres.end());

  it('property: the same offset and date, on and beside transitions and anywhere', async () => {
    const known = await zonesOf(postgres);
    const zones = ZONES.filter((zone) => known.has(zone));
    expect(zones.length).toBeGreaterThan(400);
    await fc.assert(
      fc.asyncProperty(fc.noBias(fc.nat(TO - FROM)), async (first) => {
        // Each zone has a window of its own, spread over all years.
        const startOf = (index: number): number => FROM + ((first + index * 0.618 * (TO - FROM)) % (TO - FROM));
        const questions = zones.flatMap((zone, index) => questionsOf(zone, Math.floor(startOf(index))));
        expect(await differences(postgres, questions)).toEqual([]);
      }),
      { numRuns: 1, endOnFailure: true },
    );
  });
});

/** On every transition of the four years from a start, beside it, and every four months. */
function questionsOf(zone: string, start: number): Question[] {
  const changes = offsetChanges(zone, start, start + WINDOW);
  const beside = changes.flatMap(({ at }) => [at - DAY, at - 1, at, at + DAY]);
  const anywhere = Array.from({ length: 12 }, (_, index) => start + Math.floor((index * WINDOW) / 12));
  const from = Date.parse(AGREES_FROM[zone] ?? '1900-01-05') / 1000;
  const until = Math.min(TO, Date.parse(AGREES_UNTIL[zone] ?? '2037-12-20') / 1000);
  const agreed = [...beside, ...anywhere].filter((second) => second >= from && second <= until);
  return agreed.map((second) => ({ zone, second }));
}

async function zonesOf(postgres: ServerConnection): Promise<Set<unknown>> {
  const rows = await postgres.query('SELECT name FROM pg_timezone_names');
  return new Set(rows.map(({ name }) => name));
}

/** What PostgreSQL says otherwise, as text that names this JavaScript's tzdata. */
async function differences(postgres: ServerConnection, questions: readonly Question[]): Promise<string[]> {
  const zones = questions.map(({ zone }) => `'${zone}'`).join();
  const seconds = questions.map(({ second }) => second).join();
  const rows = await postgres.query(`
    SELECT extract(epoch FROM wall)::bigint - second AS "offset", wall::date - date '1970-01-01' AS day
    FROM unnest(ARRAY[${zones}], ARRAY[${seconds}]::bigint[]) WITH ORDINALITY AS question (zone, second, n),
      LATERAL (SELECT to_timestamp(second) AT TIME ZONE zone) AS local (wall)
    ORDER BY n`);
  return questions.flatMap(({ zone, second }, index) => {
    const instant = new Date(second * 1000);
    const ours = [offsetAt(zone, second), dayNumber(localDateAt(instant, zone))];
    const theirs = [Number(rows[index]?.offset), Number(rows[index]?.day)];
    if (ours.join() === theirs.join()) return [];
    return [
      `${zone} ${instant.toISOString()}: [${ours.join()}] by tzdata ${process.versions.tz ?? '?'}, [${theirs.join()}]`,
    ];
  });
}
