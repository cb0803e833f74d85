import type { TestingModule } from '@nestjs/testing';
import {
  type Annotation,
  type AnnotationInput,
  defineDomain,
  defineMetric,
  DomainService,
  InvalidAnnotationError,
  InvalidArgumentError,
  InvalidDateError,
  InvalidDefinitionError,
  InvalidFilterError,
  InvalidManagerError,
  InvalidRefError,
  MetricService,
  StatisticService,
  UnknownDomainError,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { Database } from '../../lib/database/database.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { StatisticOwners } from '../../lib/statistics/tables/owners.js';
import { closeApplications, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop', name: 'The shop' });
const BLOG = defineDomain({ ref: 'blog' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });
/** Still the 31st in New York, and the 1st in Berlin. */
const NOW = new Date('2026-10-31T23:30:00Z');

const brief = (annotations: readonly Annotation[]): string[] => annotations.map(({ date, text }) => `${date} ${text}`);

type Refusal = readonly [given: unknown, error: new (...given: never[]) => Error, message: RegExp];

const NOT_ANNOTATED: readonly Refusal[] = [
  [{ text: '' }, InvalidAnnotationError, /annotate: text is ""\. Expected text of 1 to 500 characters/],
  [{ text: ' \n' }, InvalidAnnotationError, /1 to 500/],
  [{}, InvalidAnnotationError, /text is undefined/],
  [{ text: 5 }, InvalidAnnotationError, /text is 5/],
  [{ text: '🚀'.repeat(501) }, InvalidAnnotationError, /at most 500 characters; it has 501/],
  [{ text: 'a\0b' }, InvalidAnnotationError, /NUL/],
  [{ text: 'a\uD83D' }, InvalidAnnotationError, /well-formed/],
  [{ text: 'a', key: '' }, InvalidAnnotationError, /key is ""\. Expected text of 1 to 255/],
  [{ text: 'a', key: 'k'.repeat(256) }, InvalidAnnotationError, /at most 255 characters; it has 256/],
  [{ text: 'a', date: '2026-02-30' }, InvalidDateError, /2026-02-30 does not exist/],
  [{ text: 'a', date: 'tomorrow' }, InvalidDateError, /YYYY-MM-DD/],
  [{ text: 'a', date: new Date(NaN) }, InvalidDateError, /valid Date/],
  [{ text: 'a', at: '2026-10-05T12:00' }, InvalidDateError, /offset/],
  [{ text: 'a', at: new Date(NaN) }, InvalidDateError, /valid Date/],
  [{ text: 'a', date: '2026-10-05', at: NOW }, InvalidAnnotationError, /date is given together with at/],
  [{ text: 'a', date: undefined }, InvalidAnnotationError, /date is undefined/],
  [{ text: 'a', domain: undefined }, InvalidAnnotationError, /domain is undefined/],
  [{ text: 'a', domain: 'shopp' }, UnknownDomainError, /Unknown domain: "shopp"\. Did you mean "shop"\?/],
  [{ text: 'a', domain: 'a b' }, InvalidRefError, /Invalid ref/],
  [{ text: 'a', domain: 7 }, InvalidDefinitionError, /Not a domain/],
  [{ text: 'a', txet: 'b' }, InvalidArgumentError, /txet/],
  [{ text: 'a', manager: {} }, InvalidArgumentError, /manager/],
  [null, InvalidArgumentError, /the annotation is null/],
  ['a', InvalidArgumentError, /the annotation is "a"/],
];

const NOT_READ: readonly Refusal[] = [
  [{ from: 'x' }, InvalidDateError, /YYYY-MM-DD/],
  [{ from: undefined }, InvalidFilterError, /from is undefined/],
  [{ domain: undefined }, InvalidFilterError, /domain is undefined/],
  [{ last: 3, to: '2026-10-05' }, InvalidFilterError, /last is given together/],
  [{ last: 0 }, InvalidFilterError, /last is 0/],
  [{ metric: 'a/b' }, InvalidFilterError, /takes no "metric"\. It takes from, to, last, domain/],
  [{ domain: 'nowhere' }, UnknownDomainError, /nowhere/],
  [{ domain: ORDERS }, InvalidDefinitionError, /Not a domain/],
  [null, InvalidFilterError, /the filter is null\. Expected an object, with any of from/],
];

describeOnEachDatabase('annotations', (database) => {
  let module: TestingModule;
  let statistics: StatisticService;

  beforeEach(async () => {
    module = await start({
      database: database.options({ poolSize: 6 }),
      trackstats: { clock: () => NOW, timeZone: 'Europe/Berlin' },
    });
    statistics = module.get(StatisticService);
  });
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  /** The service of another process. */
  const replica = (): StatisticService =>
    new StatisticService(
      new Database(module.get(DataSource)),
      module.get(ObjectTypes),
      new StatisticOwners(),
      { timeZone: 'Europe/Berlin', weekStart: 'monday' },
      () => NOW,
    );

  it('are stored with a date, an instant and a domain, and read in their order', async () => {
    const added = await statistics.annotate({ date: '2026-10-05', text: '  Sale begins\n', domain: SHOP });
    expect(added).toMatchObject({ date: '2026-10-05', at: null, text: 'Sale begins', key: null });
    expect(added.domain).toMatchObject({ ref: 'shop', name: 'The shop' });
    const today = await statistics.annotate({ text: 'Today' });
    expect(today).toMatchObject({ date: '2026-11-01', at: null, domain: null });
    const at = await statistics.annotate({ text: 'Noon', at: '2026-10-05T12:00:00.250+02:00', key: 'noon' });
    expect(at).toMatchObject({ date: '2026-10-05', at: new Date('2026-10-05T10:00:00.250Z'), key: 'noon' });
    await statistics.annotate({ text: 'Late', at: new Date('2026-10-04T22:30:00Z') });

    const all = await statistics.annotations();
    expect(brief(all)).toEqual(['2026-10-05 Sale begins', '2026-10-05 Late', '2026-10-05 Noon', '2026-11-01 Today']);
    expect(all).toEqual([added, expect.anything(), at, today]);
  });

  it('are read for a range of dates, the last days, and a domain with those of all domains', async () => {
    await statistics.annotate({ date: '2026-10-01', text: 'a', domain: SHOP });
    await statistics.annotate({ date: '2026-10-02', text: 'b', domain: BLOG });
    await statistics.annotate({ date: '2026-10-31', text: 'c' });
    await statistics.annotate({ date: '2026-11-01', text: 'd' });
    await statistics.annotate({ date: '2026-11-02', text: 'e', domain: 'shop' });
    const read = async (filter: Parameters<StatisticService['annotations']>[0]): Promise<string> =>
      (await statistics.annotations(filter)).map(({ text }) => text).join('');
    expect(await read({})).toBe('abcde');
    expect(await read({ from: '2026-10-02', to: '2026-10-31' })).toBe('bc');
    expect(await read({ from: '2026-10-03' })).toBe('cde');
    expect(await read({ to: new Date('2026-10-31T12:00:00Z') })).toBe('abc');
    expect(await read({ last: 2 })).toBe('cd');
    expect(await read({ domain: SHOP })).toBe('acde');
    expect(await read({ domain: 'blog', from: '2026-10-02', to: '2026-10-31' })).toBe('bc');
    expect(await read({ domain: defineDomain({ ref: 'never_written' }) })).toBe('cd');
  });

  it('are one for the same date, domain and text, and several for others', async () => {
    const once: AnnotationInput = { date: '2026-10-05', text: 'Version 2', domain: SHOP };
    const first = await statistics.annotate(once);
    expect(await statistics.annotate({ ...once, text: ' Version 2 ' })).toEqual(first);
    const withInstant = await statistics.annotate({ text: 'Version 2', domain: SHOP, at: '2026-10-05T08:00:00Z' });
    expect(withInstant).toEqual(first);
    expect(await statistics.annotations()).toEqual([first]);
    await statistics.annotate({ ...once, domain: BLOG });
    await statistics.annotate({ date: '2026-10-05', text: 'Version 2' });
    await statistics.annotate({ ...once, date: '2026-10-06' });
    await statistics.annotate({ ...once, text: 'version 2' });
    await statistics.annotate({ ...once, text: 'Version 2é' });
    await statistics.annotate({ ...once, text: 'Version 2e\u0301' });
    expect(await statistics.annotations()).toHaveLength(7);
  });

  it('are one for each key of a domain, whatever the date and text', async () => {
    const first = await statistics.annotate({ date: '2026-10-05', text: 'Version 2', key: '2.0.0' });
    expect(await statistics.annotate({ text: 'Version 2 again', key: '2.0.0' })).toEqual(first);
    const other = await statistics.annotate({ date: '2026-10-05', text: 'Version 2', key: '2.0.0', domain: SHOP });
    const keyless = await statistics.annotate({ date: '2026-10-05', text: 'Version 2' });
    expect(new Set([first.id, other.id, keyless.id]).size).toBe(3);
    expect(await statistics.annotations()).toHaveLength(3);
  });

  it('are one for replicas that start together', async () => {
    const replicas = Array.from({ length: 8 }, replica);
    const annotated = await Promise.all(
      replicas.map((one, place) => one.annotate({ text: 'Deployed', domain: BLOG, at: new Date(+NOW + place) })),
    );
    const stored = await statistics.annotations();
    expect(stored).toHaveLength(1);
    expect(annotated).toEqual(annotated.map(() => stored[0]));
  });

  it('store every character that a text can have, and are removed', async () => {
    const text = `<script>alert(1)</script> '"\`\\ %s \u202Eabc\u202C 🚀 ${'é'.repeat(420)}\n\tend`;
    const annotation = await statistics.annotate({ text, key: '🚀"\'' });
    expect(await statistics.annotations()).toEqual([annotation]);
    expect(annotation).toMatchObject({ text, key: '🚀"\'' });
    const other = await statistics.annotate({ text: 'stays' });
    expect(await statistics.removeAnnotation(annotation)).toBe(true);
    expect(await statistics.removeAnnotation(annotation.id)).toBe(false);
    expect(await statistics.annotations()).toEqual([other]);
  });

  it('are part of the transaction of a manager', async () => {
    const dataSource = module.get(DataSource);
    const stays = await statistics.annotate({ text: 'stays' });
    const failed = dataSource.transaction(async (manager) => {
      await statistics.annotate({ text: 'goes', manager });
      await statistics.removeAnnotation(stays, { manager });
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    expect(await statistics.annotations()).toEqual([stays]);
    const [, added] = await dataSource.transaction(async (manager) => [
      await statistics.removeAnnotation(stays, { manager }),
      await statistics.annotate({ text: 'stays too', domain: SHOP, manager }),
    ]);
    expect(await statistics.annotations()).toEqual([added]);
    await expect(statistics.annotate({ text: 'x', manager: dataSource.manager })).rejects.toThrow(InvalidManagerError);
  });

  it('follow the name of their domain, and go with it', async () => {
    const domains = module.get(DomainService);
    const { id } = await statistics.annotate({ date: '2026-10-05', text: 'Sale', domain: BLOG });
    await domains.rename('blog', 'weblog');
    const [found] = await statistics.annotations({ domain: 'weblog' });
    expect(found?.domain?.ref).toBe('weblog');
    expect((await statistics.annotate({ date: '2026-10-05', text: 'Sale', domain: 'weblog' })).id).toBe(id);
    await domains.remove('weblog');
    expect(await statistics.annotations()).toEqual([]);
  });

  it('are refused with an error that says what is wrong, and nothing is stored', async () => {
    await module.get(MetricService).register({ domain: SHOP, ref: ORDERS.ref });
    for (const [given, error, message] of NOT_ANNOTATED) {
      const refused = Promise.resolve().then(() => statistics.annotate(given as AnnotationInput));
      await expect(refused).rejects.toThrow(error);
      await expect(refused).rejects.toThrow(message);
    }
    expect(await statistics.annotations()).toEqual([]);
  });

  it('are not read, and not removed, with what selects none', async () => {
    for (const [given, error, message] of NOT_READ) {
      const refused = Promise.resolve().then(() => statistics.annotations(given as object));
      await expect(refused).rejects.toThrow(error);
      await expect(refused).rejects.toThrow(message);
    }
    for (const given of ['', 'not an id', null, 5, {}, { id: 5 }]) {
      const refused = Promise.resolve().then(() => statistics.removeAnnotation(given as string));
      await expect(refused).rejects.toThrow(InvalidArgumentError);
    }
  });
});
