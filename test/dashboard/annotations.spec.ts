import { StatisticService } from 'nestjs-trackstats';
import { annotationsQuery, marksOf } from '../../lib/dashboard/page/metric/annotation.marks.js';
import type { AnnotationResource } from '../../lib/http/resources.js';
import { DashboardApplications, HOSTILE } from './application.js';
import { violationsOn } from './axe.js';
import { describeInBrowser, eventually, PHONE, show, textOf } from './browser.js';

const annotation = (date: string, text: string, at: string | null = null): AnnotationResource => {
  return { id: text, date, at, text, domain: null };
};

describe('the marks of a chart', () => {
  const marked = (period: string, dates: readonly string[], ...notes: AnnotationResource[]): unknown => [
    ...marksOf(notes, { dates, period, timeZone: null }),
  ];

  it('are at the date, or in the calendar period that contains it', () => {
    const days = ['2026-10-30', '2026-10-31', '2026-11-01'];
    const notes = ['2026-10-29', '2026-10-31', '2026-11-01', '2026-11-02'].map((date) => annotation(date, date));
    expect(marked('DAY', days, ...notes)).toEqual([
      [1, ['2026-10-31']],
      [2, ['2026-11-01']],
    ]);
    expect(marked('CALENDAR_MONTH', ['2026-10-01', '2026-11-01'], ...notes)).toEqual([
      [0, ['2026-10-29', '2026-10-31']],
      [1, ['2026-11-01', '2026-11-02']],
    ]);
    expect(marked('CALENDAR_WEEK', ['2026-10-19', '2026-10-26'], ...notes)).toEqual([
      [1, ['2026-10-29', '2026-10-31', '2026-11-01']],
    ]);
    expect(marked('DAY', [], ...notes)).toEqual([]);
  });

  it('are in the hour of the instant, of the two that the clock shows alike, or in the first of the date', () => {
    const hours = ['2026-10-25T01:00:00+02:00', '2026-10-25T02:00:00+02:00', '2026-10-25T02:00:00+01:00'];
    const notes = [
      annotation('2026-10-25', 'whole day'),
      annotation('2026-10-25', 'second', '2026-10-25T01:59:59.999Z'),
      annotation('2026-10-25', 'first', '2026-10-25T00:00:00.000Z'),
      annotation('2026-10-25', 'after', '2026-10-25T02:00:00.000Z'),
    ];
    expect(marked('HOUR', hours, ...notes)).toEqual([
      [0, ['whole day']],
      [1, ['first']],
      [2, ['second']],
    ]);
  });

  it('are at the date that an instant has in the zone of the chart', () => {
    const dates = ['2026-10-30', '2026-10-31', '2026-11-01'];
    const notes = [annotation('2026-10-31', 'at', '2026-10-31T22:30:00.000Z'), annotation('2026-10-31', 'whole day')];
    const inZone = (timeZone: string | null): unknown => [...marksOf(notes, { dates, period: 'DAY', timeZone })];
    expect(inZone(null)).toEqual([[1, ['whole day', 'at']]]);
    expect(inZone('Asia/Tokyo')).toEqual([
      [1, ['whole day']],
      [2, ['at']],
    ]);
    expect(annotationsQuery(['a'], { dates, period: 'DAY', timeZone: 'Asia/Tokyo' })).toMatchObject({
      from: '2026-10-29',
      to: '2026-11-02',
    });
  });

  it('are asked for up to the end of the last date', () => {
    const asked = (period: string, ...dates: string[]): unknown =>
      annotationsQuery(['b', 'a', 'b'], { dates, period, timeZone: null });
    const common = { domain: ['a', 'b'], order: 'desc' };
    expect(asked('DAY', '2026-10-30', '2026-10-31')).toEqual({ ...common, from: '2026-10-30', to: '2026-10-31' });
    expect(asked('CALENDAR_QUARTER', '2026-10-01')).toEqual({ ...common, from: '2026-10-01', to: '2026-12-31' });
    expect(asked('HOUR', '2026-10-31T00:00:00+01:00')).toEqual({ ...common, from: '2026-10-30', to: '2026-11-01' });
    expect(asked('DAY')).toBeNull();
  });
});

const LONG = `${HOSTILE} ${'W'.repeat(200)} \u202Ereversed ${'long words '.repeat(20)}`.slice(0, 500);

describeInBrowser('annotations', (browser) => {
  const applications = new DashboardApplications();
  let url: string;
  beforeAll(async () => {
    url = `${await applications.start()}/trackstats?metric=shopping%2Forder_count&range=30d`;
    const statistics = applications.last.app.get(StatisticService);
    await statistics.annotate({ date: '2026-10-12', text: 'Autumn sale', domain: 'shopping' });
    await statistics.annotate({ date: '2026-10-31', text: LONG });
    for (let n = 1; n <= 6; n++) await statistics.annotate({ date: '2026-10-31', text: `Version 2.${n}` });
    await statistics.annotate({ date: '2026-10-20', text: 'Of another domain', domain: 'z' });
    await statistics.annotate({ date: '2026-08-01', text: 'Too early' });
  });
  afterAll(() => applications.close());

  it('are marks on the axis, whose texts the pointer, the keyboard and the table have', async () => {
    const { page, faults } = await browser.open(url);
    await eventually(page, `document.querySelectorAll('.chart .marks path').length === 2`);
    await page.focus('.walker');
    await eventually(page, `document.querySelectorAll('.tooltip .notes li').length === 5`);
    expect(await textOf(page, '.tooltip .notes li:last-child')).toBe('and 3 more');
    const said = await page.$eval('.walker', (walker) => walker.getAttribute('aria-valuetext'));
    expect(said).toMatch(/\. Annotations: <img src=x onerror=alert\(1\)> W+.*; Version 2\.1; .*Version 2\.6$/s);
    for (let day = 31; day > 12; day--) await page.keyboard.press('ArrowLeft');
    await eventually(page, `document.querySelector('.tooltip .notes')?.textContent === 'Autumn sale'`);
    await page.click('input[value=table]');
    await eventually(page, `document.querySelectorAll('.data td.notes p').length === 8`);
    expect(await textOf(page, '.data thead th:last-child')).toBe('Annotations');
    expect(faults).toEqual([]);
  });

  it('say how many are not marked, because an answer has only so many', async () => {
    const dashboard = { public: true, limits: { rows: 4 } };
    const limited = `${await applications.start({ dashboard })}/trackstats?metric=shopping%2Forder_count&range=30d`;
    const statistics = applications.last.app.get(StatisticService);
    for (let day = 10; day <= 15; day++) await statistics.annotate({ date: `2026-10-${day}`, text: 'Deployed' });
    const { page, faults } = await browser.open(limited);
    await eventually(page, `document.querySelectorAll('.chart .marks path').length === 4`);
    expect(await textOf(page, 'main')).toContain(
      '2 earlier annotations of this range are not marked. Choose a shorter range to see them.',
    );
    expect(faults).toEqual([]);
  });

  it('fit at every width, light and dark', async () => {
    const { page, faults } = await browser.open(url);
    const pictures = process.env['TRACKSTATS_PICTURES'];
    for (const theme of ['light', 'dark'] as const) {
      for (const width of [PHONE, 768, 1200, 1440]) {
        await show(page, { theme, width });
        await page.focus('.walker');
        const shown = width === PHONE ? 3 : 5;
        await eventually(page, `document.querySelectorAll('.tooltip .notes li').length === ${shown}`);
        expect(await page.evaluate(`document.documentElement.scrollWidth <= innerWidth`)).toBe(true);
        if (pictures !== undefined) await page.screenshot({ path: `${pictures}/chart-${theme}-${width}.png` });
      }
      expect(await violationsOn(page)).toEqual([]);
    }
    expect(faults).toEqual([]);
  });
});
