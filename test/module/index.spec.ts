import { readFileSync } from 'node:fs';
import * as trackstats from 'nestjs-trackstats';

/** The public names, one by one: a change here is a change for every application. */
const NAMES = [
  ...[
    'defineDerived',
    'defineDomain',
    'defineMetric',
    'defineRatio',
    'Domain',
    'DomainService',
    'Metric',
    'MetricService',
  ],
  ...['addDays', 'Period'],
  ...[
    'AbstractStatistic',
    'AbstractTimeStatistic',
    'Dimension',
    'NULL_DIMENSION',
    'objectRef',
    'StatisticByDate',
    'StatisticByDateAndObject',
    'StatisticByTime',
    'StatisticByTimeAndObject',
    'StatisticService',
  ],
  ...['Aggregate', 'avg', 'count', 'countDistinct', 'max', 'min', 'sum'],
  ...[
    'CountObjectsByDateAndObjectTracker',
    'CountObjectsByDateTracker',
    'ObjectsByDateAndObjectTracker',
    'ObjectsByDateTracker',
  ],
  ...['above', 'AlertService', 'below', 'changed', 'OnStatistic', 'OnTracker'],
  ...['ObjectsByDimensionsTracker', 'Track', 'TrackerEvents', 'TrackerService'],
  ...['TRACKSTATS_CLOCK', 'TRACKSTATS_ENTITIES', 'TRACKSTATS_OPTIONS', 'TrackstatsModule', 'trackstatsMigrations'],
];

describe('the index', () => {
  it('exports the public names, and beside them nothing but errors', () => {
    const exported = Object.keys(trackstats).filter((name) => !name.endsWith('Error'));
    expect(exported.sort()).toEqual([...NAMES].sort());
  });

  it('exports every error of the library, each with a code of its own', () => {
    const errors = Object.entries(trackstats).filter(([name]) => name.endsWith('Error') && name !== 'TrackstatsError');
    for (const [, error] of errors)
      expect((error as { prototype: unknown }).prototype).toBeInstanceOf(trackstats.TrackstatsError);
    const families = new URL('../../lib/errors/', import.meta.url);
    const index = readFileSync(new URL('../../lib/index.ts', import.meta.url), 'utf8');
    const written = [...index.matchAll(/'\.\/errors\/(\w+\.error)\.js'/g)].map(([, family]) =>
      readFileSync(new URL(`${String(family)}.ts`, families), 'utf8'),
    );
    const classes = written.flatMap((text) =>
      [...text.matchAll(/^export class (\w+Error) extends/gm)].map(([, name]) => name),
    );
    expect(errors.map(([name]) => name).sort()).toEqual([...new Set(classes)].sort());
    const codes = written.flatMap((text) => [...text.matchAll(/readonly code = '(\w+)'/g)].map(([, code]) => code));
    expect(new Set(codes).size).toBe(classes.length);
  });
});
