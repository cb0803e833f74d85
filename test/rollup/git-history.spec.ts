import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { MetricDefinition } from '../../lib/catalog/definitions.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { createRepository, git, temporaryDirectory } from '../sample-app/git-repository.js';
import { definitionOf, TIME_ENTITIES, TRACKSTATS_ENTITIES, type Engine } from '../support/engine.js';
import { engineOn, insertIndexed, newMetric, ran, rowsOf } from './stored.js';

@Entity()
class Commit {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date, precision: 3 })
  committedAt!: Date;
}

@Entity()
class IndexedCommit {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Index()
  @Column({ type: Date, precision: 3 })
  committedAt!: Date;
}

const FOLDER = join(import.meta.dirname, '../fixtures/commits');
const ZONES = [
  'UTC',
  'Europe/Amsterdam',
  'America/Los_Angeles',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];
const TODAY = '2027-01-01';
const NOW = new Date(`${TODAY}T00:00:00Z`);

function lines(name: string): string[][] {
  const text = readFileSync(join(FOLDER, name), 'utf8').trim();
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
}

/** Commits a day, as `git log --date=format-local:%F` counted them. */
function countedByGit(zone: string): Map<string, number> {
  const rows = lines(`express-commits.${zone.replace('/', '-')}.days.csv`);
  return new Map(rows.map(([date = '', count]) => [date, Number(count)]));
}

function asStored(counts: Map<string, number>): Record<string, string> {
  return Object.fromEntries([...counts].map(([date, count]) => [date, String(count)]));
}

/** Commits up to each date, from the first one to a last one. */
function soFar(counts: Map<string, number>, last: string): Record<string, string> {
  const sums: Record<string, string> = {};
  let sum = 0;
  const first = [...counts.keys()].sort()[0] ?? last;
  for (let at = Date.parse(first); at <= Date.parse(last); at += 86_400_000) {
    const date = new Date(at).toISOString().slice(0, 10);
    sum += counts.get(date) ?? 0;
    sums[date] = String(sum);
  }
  return sums;
}

/** What git shows of each commit, counted. In a repeated hour it shows the same text twice. */
function shownByGit(directory: string, format: string, timeZone: string): Record<string, number> {
  const shown = git(directory, ['log', '--date=format-local:%Y-%m-%d %H', `--format=${format}`], {
    env: { TZ: timeZone },
  });
  return counted(shown.trim().split('\n'));
}

function counted(keys: readonly string[], numbers?: readonly number[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [place, key] of keys.entries()) counts[key] = (counts[key] ?? 0) + (numbers?.[place] ?? 1);
  return counts;
}

/** An instant as git shows it in a zone, by another clock than the library's. */
function hourText(second: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    ...({ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', hourCycle: 'h23' } as const),
  }).formatToParts(second * 1000);
  const of = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}`;
}

describeOnEachDatabase('the history of a git repository', (database) => {
  /** The same commits in a repository, for git to show by hours. */
  const repository = temporaryDirectory();
  let engine: Engine;

  afterAll(() => {
    repository.remove();
  });

  beforeAll(async () => {
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Commit, IndexedCommit] });
    const commits = lines('express-commits.csv').map(([id, , at = '']) => ({
      id: Number(id),
      committedAt: new Date(at),
    }));
    expect(commits).toHaveLength(6158);
    for (const entity of [Commit, IndexedCommit]) {
      for (let i = 0; i < commits.length; i += 2000) {
        await insertIndexed(engine.dataSource, entity, commits.slice(i, i + 2000));
      }
    }
    // as TypeORM reads them: where the process's clock repeats an hour, its column shows the first pass
    const read = await engine.dataSource.getRepository(Commit).find();
    createRepository(
      repository.path,
      read.map(({ committedAt }) => ({ at: committedAt.toISOString(), files: {} })),
    );
  });

  async function expectHours(metric: MetricDefinition, timeZone: string): Promise<void> {
    const found = await engine.dataSource
      .getRepository(StatisticByTime)
      .find({ where: { metric: { ref: metric.ref }, period: Period.HOUR } });
    const values = found.map(({ value }) => Number(value));
    const texts = found.map(({ start }) => hourText(start, timeZone));
    expect(counted(texts, values)).toEqual(shownByGit(repository.path, '%cd', timeZone));
    if (/Kathmandu|Lord_Howe/.test(timeZone)) return;
    // where offsets are whole hours, those of the clock are those of the instants
    const instants = Object.entries(shownByGit(repository.path, '%ct', timeZone));
    const hours = instants.map(([second]) => String(Math.floor(Number(second) / 3600) * 3600));
    expect(
      counted(
        found.map(({ start }) => String(start)),
        values,
      ),
    ).toEqual(
      counted(
        hours,
        instants.map(([, count]) => count),
      ),
    );
  }

  describe.each([
    { source: Commit, zones: ZONES },
    // counted by ranges of the index, where that is cheaper
    { source: IndexedCommit, zones: ['Australia/Lord_Howe', 'Pacific/Apia'] },
  ])('$source.name', ({ source, zones }) => {
    test.each(zones)('commits a day, and so far, in %s', async (timeZone) => {
      const byHour = source === Commit ? [Period.HOUR] : [];
      const { metric, rows } = await ran(engine, source, NOW, {
        dateField: 'committedAt',
        timeZone,
        periods: [Period.DAY, Period.LIFETIME, ...byHour],
      });
      if (byHour.length > 0) await expectHours(metric, timeZone);
      const counts = countedByGit(timeZone);
      const last = timeZone.startsWith('America/') ? '2026-12-31' : TODAY;
      expect(await rows(Period.DAY)).toEqual(asStored(counts));
      expect(await rows(Period.LIFETIME)).toEqual(soFar(counts, last));
    });

    test('the same by runs over the years', async () => {
      const definition = definitionOf({
        metric: newMetric(),
        dateField: 'committedAt',
        timeZone: 'Pacific/Apia',
        periods: [Period.DAY, Period.LIFETIME],
      });
      // the first one before there is anything, two on the days around the one that Apia skipped
      for (const now of [
        '2009-01-01T00:00:00Z',
        '2011-12-30T09:59:59Z',
        '2011-12-30T10:00:00Z',
        '2016-02-29T12:34:56Z',
        '2024-04-06T23:00:00Z',
        NOW,
      ]) {
        await engine.run(definition, source, { now: new Date(now) });
      }
      const counts = countedByGit('Pacific/Apia');
      expect(await rowsOf(engine, definition, Period.DAY)).toEqual(asStored(counts));
      expect(await rowsOf(engine, definition, Period.LIFETIME)).toEqual(soFar(counts, TODAY));
    });
  });
});
