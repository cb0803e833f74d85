import { readFileSync } from 'node:fs';
import { addDays, InvalidArgumentError, InvalidDateError, InvalidPeriodError, Period } from 'nestjs-trackstats';
import { chartSvg, type ChartOptions, type ChartPoint } from 'nestjs-trackstats/chart';
import { DARK, LIGHT } from '../../lib/chart/svg/palette.js';
import { describeInBrowser } from '../dashboard/browser.js';
import fc from '../support/fast-check.js';
import { Drawing } from './drawing.js';

const OPTIONS = { title: 'Orders', period: Period.DAY } as const;
const pointsOf = (values: readonly (number | string | null)[], from = '2026-10-01'): ChartPoint[] =>
  values.map((value, day) => ({ date: addDays(from, day), value }));
const draw = (points: Parameters<typeof chartSvg>[0], options: Partial<ChartOptions> = {}): Drawing =>
  new Drawing(chartSvg(points, { ...OPTIONS, ...options }));
/** A line is written with a tenth of a pixel, and the axis too. */
const nearPixels = 0.15;

describe('the positions of points', () => {
  it('are those of their values on the axis, at equal distances', () => {
    const values = fc.array(fc.integer({ min: -4_000, max: 4_000 }), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(values, fc.integer({ min: 160, max: 900 }), (given, width) => {
        const drawing = draw(pointsOf(given), { width, height: 400 });
        const [line = []] = drawing.lines;
        expect(line).toHaveLength(given.length);
        const [low, high] = [drawing.valueTicks[0]!, drawing.valueTicks.at(-1)!];
        const perPixel = Math.abs(drawing.valueAt(0) - drawing.valueAt(1));
        expect(low.y).toBeGreaterThan(high.y);
        line.forEach(([x, y], place) => {
          expect(Math.abs(drawing.valueAt(y) - given[place]!)).toBeLessThanOrEqual(2 * nearPixels * perPixel);
          const step = (line.at(-1)![0] - line[0]![0]) / (given.length - 1);
          expect(Math.abs(x - (line[0]![0] + place * step))).toBeLessThanOrEqual(nearPixels);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('are those of bars, which begin at zero', () => {
    const given = [5, -3, 0, null, 8];
    const drawing = draw(pointsOf(given), { as: 'bars' });
    const { bars } = drawing;
    expect(bars).toHaveLength(3); // zero has no height
    for (const [bar, value] of [
      [bars[0]!, 5],
      [bars[1]!, -3],
      [bars[2]!, 8],
    ] as const) {
      expect(drawing.valueAt(bar.to)).toBeCloseTo(value, 1);
      expect(drawing.valueAt(bar.from)).toBeCloseTo(0, 1);
    }
    expect((bars[2]!.x - bars[0]!.x) / (bars[1]!.x - bars[0]!.x)).toBeCloseTo(4, 1);
  });

  it('are stacked, each on those below it', () => {
    const drawing = draw(
      [
        { name: 'a', points: pointsOf([1, 2]) },
        { name: 'b', points: pointsOf([3, null]) },
        { name: 'c', points: pointsOf([2, 4]) },
      ],
      { as: 'bars' },
    );
    const ends = drawing.bars.map(({ from, to }) => [from, to].map((y) => Math.round(drawing.valueAt(y) * 10) / 10));
    expect(ends).toEqual([
      [0, 1],
      [0, 2],
      [1, 4],
      [4, 6],
      [2, 6],
    ]);
  });

  it('leave room for dates that have no point', () => {
    const [first, second] = [pointsOf([1, 2]), pointsOf([3, 4], '2026-10-11')];
    const { lines } = draw([...first, ...second]);
    expect(lines).toHaveLength(2);
    const step = lines[0]![1]![0] - lines[0]![0]![0];
    expect((lines[1]![0]![0] - lines[0]![0]![0]) / step).toBeCloseTo(10, 1);
  });

  it.each([
    ['CALENDAR_MONTH', ['2026-01-01', '2026-02-01', '2026-06-01'], 5],
    ['CALENDAR_QUARTER', ['2025-10-01', '2026-01-01', '2026-10-01'], 4],
    ['CALENDAR_YEAR', ['2020-01-01', '2021-01-01', '2026-01-01'], 6],
    ['CALENDAR_WEEK', ['2026-10-05', '2026-10-12', '2026-11-02'], 4],
  ] as const)('of %s are its buckets', (period, dates, columns) => {
    const points = [...dates, 'next'].slice(0, 3).map((date) => ({ date, value: 1 }));
    const drawing = draw(points, { period, as: 'bars' });
    const [a, b, c] = drawing.bars.map(({ x }) => x) as [number, number, number];
    expect((c - a) / (b - a)).toBeCloseTo(columns, 1);
  });

  it('of hours are those of the instants, where the clock is set back too', () => {
    const starts = [
      '2026-10-25T01:00:00+02:00',
      '2026-10-25T02:00:00+02:00',
      '2026-10-25T02:00:00+01:00',
      '2026-10-25T05:00:00+01:00',
    ];
    const drawing = draw(
      starts.map((start) => ({ date: '2026-10-25', start, value: 1 })),
      { period: 'HOUR', as: 'bars' },
    );
    const xs = drawing.bars.map(({ x }) => x);
    expect(xs.map((x) => Math.round((x - xs[0]!) / (xs[1]! - xs[0]!)))).toEqual([0, 1, 2, 5]);
  });

  it('do not depend on the order in which they are given', () => {
    const points = pointsOf([3, 1, 2, null, 5]);
    expect(chartSvg(points.toReversed(), OPTIONS)).toBe(chartSvg(points, OPTIONS));
  });

  it('of decimals as text are those of the numbers', () => {
    expect(chartSvg(pointsOf(['1.50', '-2']), OPTIONS)).toBe(chartSvg(pointsOf([1.5, -2]), OPTIONS));
  });
});

describe('a chart', () => {
  it('has gaps where nothing is known, and a dot for a value between gaps', () => {
    const { lines, dots } = draw(pointsOf([1, 2, null, 3, null, 4, 5]));
    expect(lines.map(({ length }) => length)).toEqual([2, 2]);
    expect(dots).toHaveLength(1);
  });

  it('dashes the way to what is not over, and says so', () => {
    const points = pointsOf([1, 2, 3]).map((point, place) => ({ ...point, complete: place < 2 }));
    const drawing = draw(points);
    expect(drawing.lines.map(({ length }) => length)).toEqual([2]);
    expect(drawing.openLines.map(({ length }) => length)).toEqual([2]);
    expect(drawing.openLines[0]![0]).toEqual(drawing.lines[0]![1]);
    expect(drawing.all('text').map(({ content }) => content)).toContain('not over yet');
    expect(drawing.all('desc')[0]?.content).toContain('Last 3 (Sat, Oct 3, 2026, which is not over yet)');
    expect(draw(points, { as: 'bars' }).bars.map(({ isOpen }) => isOpen)).toEqual([false, false, true]);
  });

  it('draws earlier values of a comparison beside each point', () => {
    const points = [...pointsOf([10, 20]), ...pointsOf([30], '2026-10-05')];
    const drawing = draw(points, { before: [{ value: 30 }, { value: '10' }, { value: null }] });
    expect(drawing.beforeLines).toHaveLength(1);
    expect(drawing.beforeLines[0]!.map(([, y]) => Math.round(drawing.valueAt(y)))).toEqual([30, 10]);
    expect(drawing.beforeLines[0]!.map(([x]) => x)).toEqual(drawing.lines[0]!.map(([x]) => x));
  });

  it.each([
    [
      'days',
      'DAY',
      ['2026-12-28', '2026-12-29', '2026-12-30', '2026-12-31', '2027-01-01'],
      ['Dec 28 2026', 'Dec 29', 'Dec 30', 'Dec 31', 'Jan 1 2027'],
    ],
    ['weeks', 'CALENDAR_WEEK', ['2026-12-21', '2026-12-28', '2027-01-04'], ['W52 2026', 'W53', 'W1 2027']],
    ['months', 'CALENDAR_MONTH', ['2026-11-01', '2026-12-01', '2027-01-01'], ['Nov 2026', 'Dec', 'Jan 2027']],
    ['quarters', 'CALENDAR_QUARTER', ['2026-07-01', '2026-10-01', '2027-01-01'], ['Q3 2026', 'Q4', 'Q1 2027']],
    ['years', 'CALENDAR_YEAR', ['2025-01-01', '2026-01-01'], ['2025', '2026']],
    ['rolling windows', 'MONTH', ['2026-10-30', '2026-10-31'], ['Oct 30 2026', 'Oct 31']],
  ] as const)('has %s on its axis', (_title, period, dates, texts) => {
    const drawing = draw(
      dates.map((date) => ({ date, value: 1 })),
      { period },
    );
    expect(drawing.dateTicks.map(({ text }) => text)).toEqual(texts);
  });

  it('has hours on its axis, with the day', () => {
    const starts = ['22:00:00', '23:00:00'].map((clock) => `2026-10-30T${clock}+01:00`);
    const points = [...starts, '2026-10-31T00:00:00+01:00'].map((start) => ({
      date: start.slice(0, 10),
      start,
      value: 1,
    }));
    expect(draw(points, { period: Period.HOUR }).dateTicks.map(({ text }) => text)).toEqual([
      '22:00 Oct 30',
      '23:00',
      '00:00 Oct 31',
    ]);
  });

  it.each([
    [undefined, [0, 1_500], 'en', ['0', '500', '1,000', '1,500']],
    ['percent', [0.01, 0.04], 'en', ['0%', '1%', '2%', '3%', '4%']],
    ['bytes', [0, 4e6], 'en', ['0 MB', '1 MB', '2 MB', '3 MB', '4 MB']],
    ['seconds', [0, 7_200], 'en', ['0.0 hr', '0.5 hr', '1.0 hr', '1.5 hr', '2.0 hr']],
    [{ currency: 'EUR' }, [0, 40], 'en', ['€0', '€10', '€20', '€30', '€40']],
    [{ currency: 'EUR' }, [0, 40], 'de', ['0 €', '10 €', '20 €', '30 €', '40 €']],
    ['km', [0, 4_000], 'de', ['0 km', '1.000 km', '2.000 km', '3.000 km', '4.000 km']],
  ] as const)('writes numbers with the unit %j', (unit, values, locale, texts) => {
    const drawing = draw(pointsOf(values), { unit, locale, height: 270 });
    expect(drawing.valueTicks.map(({ text }) => text.replace(/\s/g, ' '))).toEqual(texts);
  });

  it.each([
    ['nothing', [], 'No values are known for these dates'],
    ['one value', [7], 'Thu, Oct 1, 2026. Last 7 (Thu, Oct 1, 2026).'],
    ['unknown values', [null, null], 'Thu, Oct 1, 2026 to Fri, Oct 2, 2026. No values are known.'],
    [
      'zeros',
      [0, 0],
      'Thu, Oct 1, 2026 to Fri, Oct 2, 2026. Last 0 (Fri, Oct 2, 2026), least 0 (Thu, Oct 1, 2026), greatest 0 (Thu, Oct 1, 2026).',
    ],
    [
      'values below zero',
      [-5, -2.5],
      'Thu, Oct 1, 2026 to Fri, Oct 2, 2026. Last -2.5 (Fri, Oct 2, 2026), least -5 (Thu, Oct 1, 2026), greatest -2.5 (Fri, Oct 2, 2026).',
    ],
    ['huge values', [1e100, -1e100], /^Thu.*Last -1E100 .*greatest 1E100/],
    ['tiny values', [1e-20, 2e-20], /^Thu.*greatest 0.00000000000000000002 /],
    ['equal huge values', [1e18, 1e18], /^Thu/],
  ])('of %s has numbers only, and says what it shows', (_title, values, words) => {
    for (const as of ['lines', 'bars'] as const) {
      const svg = chartSvg(pointsOf(values), { ...OPTIONS, as });
      expect(svg).not.toMatch(/NaN|Infinity|undefined|null/);
      expect(new Drawing(svg).all('desc')[0]?.content).toMatch(words);
      const labels = new Drawing(svg).valueTicks.map(({ text }) => text);
      expect(new Set(labels).size).toBe(labels.length);
    }
  });

  it('has an image role, a title and a description before all else', () => {
    const svg = chartSvg(pointsOf([1]), { ...OPTIONS, description: 'One order' });
    expect(svg).toMatch(/^<svg [^>]*role="img"[^>]*><title>Orders<\/title><desc>One order<\/desc>/);
    expect(new Drawing(svg).all('text').map(({ content }) => content)).toContain('Orders');
    expect(
      draw(pointsOf([1]), { showTitle: false })
        .all('text')
        .map(({ content }) => content),
    ).not.toContain('Orders');
  });

  it('has styles only if the reader chooses the colours, and then none of a page', () => {
    for (const theme of ['light', 'dark'] as const)
      expect(chartSvg(pointsOf([1]), { ...OPTIONS, theme })).not.toMatch(/<style|class=/);
    const svg = chartSvg(pointsOf([1, 2]), { ...OPTIONS, theme: 'auto' });
    expect(svg).toContain('@media (prefers-color-scheme:dark)');
    expect(svg.match(/class="[^"]*"/g)!.every((classes) => /^class="(trackstats-[\w-]+ ?)+"$/.test(classes))).toBe(
      true,
    );
    const rules = [...svg.matchAll(/\.(trackstats-[\w-]+)\{/g)].map(([, name]) => name);
    const used = [...svg.matchAll(/class="([^"]*)"/g)].flatMap(([, names = '']) => names.split(' '));
    expect(new Set(rules)).toEqual(new Set(used));
  });

  it('has the colours of the page', () => {
    const sheet = readFileSync('lib/dashboard/page/style.css', 'utf8');
    const [light = '', dark = ''] = sheet.split("[data-theme='dark']");
    const names = {
      paper: 'card',
      edge: 'line',
      text: 'text',
      quiet: 'quiet',
      grid: 'grid',
      zero: 'control',
      before: 'before',
      good: 'good',
      bad: 'bad',
    } as const;
    for (const [palette, css] of [
      [LIGHT, light],
      [DARK, dark],
    ] as const) {
      for (const [own, its] of Object.entries(names))
        expect(css).toContain(`--${its}: ${palette[own as keyof typeof names]};`);
      palette.series.forEach((colour, place) => {
        expect(css).toContain(`--series-${place + 1}: ${colour};`);
      });
    }
  });

  it('is drawn of ten thousand columns at most', () => {
    expect(() => draw([...pointsOf([1]), ...pointsOf([1], '2060-01-01')])).toThrow(
      /Expected dates of at most 10000 columns/,
    );
    expect(draw(pointsOf(Array.from({ length: 10_000 }, (_, n) => n))).lines[0]).toHaveLength(10_000);
  });
});

describe('what cannot be drawn', () => {
  const point = { date: '2026-10-01', value: 1 };
  it.each([
    ['no array', 'points', {}, InvalidArgumentError, /chartSvg: points is "points"\. Expected an array of points/],
    ['no point', [null], {}, InvalidArgumentError, /points\[0\] is null/],
    ['no value', [{ date: '2026-10-01' }], {}, InvalidArgumentError, /points\[0\]\.value is undefined/],
    ['infinity', [{ ...point, value: Infinity }], {}, InvalidArgumentError, /points\[0\]\.value is Infinity/],
    ['a number that is too large', [{ ...point, value: 1e101 }], {}, InvalidArgumentError, /to 1e100/],
    ['text that is no number', [{ ...point, value: '1e5' }], {}, InvalidArgumentError, /value is "1e5"/],
    ['a date that is none', [{ ...point, date: '2026-02-30' }], {}, InvalidDateError, /2026-02-30/],
    ['a date twice', [point, point], {}, InvalidArgumentError, /points\[1\] is "2026-10-01"\. Expected each date once/],
    [
      'a start without hours',
      [{ ...point, start: '2026-10-01T00:00:00Z' }],
      {},
      InvalidArgumentError,
      /The period is DAY/,
    ],
    ['hours without a start', [point], { period: Period.HOUR }, InvalidDateError, /offset/],
    [
      'a start of another form',
      [{ ...point, start: '2026-10-01T00:00Z' }],
      { period: 'HOUR' },
      InvalidArgumentError,
      /points\[0\]\.start/,
    ],
    ['complete as text', [{ ...point, complete: 'no' }], {}, InvalidArgumentError, /points\[0\]\.complete/],
    ['a series without a name', [{ points: [] }], {}, InvalidArgumentError, /points\[0\]\.name/],
    ['a series among points', [{ name: 'a', points: [] }, 5], {}, InvalidArgumentError, /points\[1\] is 5/],
    [
      'too many series',
      Array.from({ length: 11 }, (_, n) => ({ name: `s${n}`, points: [] })),
      {},
      InvalidArgumentError,
      /at most 10 series/,
    ],
    ['no title', [], { title: undefined }, InvalidArgumentError, /chartSvg: title/],
    ['no period', [], { period: undefined }, InvalidPeriodError, /Invalid period/],
    ['an unknown period', [], { period: 'FORTNIGHT' }, InvalidPeriodError, /FORTNIGHT/],
    ['an unknown option', [], { colour: 'red' }, InvalidArgumentError, /chartSvg: colour/],
    ['an unknown theme', [], { theme: 'sepia' }, InvalidArgumentError, /'light' or 'dark' or 'auto'/],
    ['a width in between', [], { width: 300.5 }, InvalidArgumentError, /whole number of pixels from 160 to 4096/],
    ['a height of nothing', [], { height: 0 }, InvalidArgumentError, /from 80 to 4096/],
    ['a language that is none', [], { locale: 'no language' }, InvalidArgumentError, /BCP 47/],
    ['a unit that is none', [], { unit: '' }, InvalidArgumentError, /chartSvg: unit/],
    ['fewer earlier values', [point], { before: [] }, InvalidArgumentError, /one for each of the 1 points/],
    [
      'earlier values of several',
      [
        { name: 'a', points: [] },
        { name: 'b', points: [] },
      ],
      { before: [] },
      InvalidArgumentError,
      /Expected one series/,
    ],
  ])('is refused: %s', (_title, points, options, type, message) => {
    const call = (): string => chartSvg(points as never, { ...OPTIONS, ...options } as never);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});

const HOSTILE = [
  '</title><script>alert(1)</script>',
  `"' onload="alert(1)" x='`,
  ']]> <!-- --> &amp; &#0; <![CDATA[',
  'zero \0 bell \u0007 half \ud800 \udfff none \ufffe\uffff',
  'שלום \u202e right to left \u2066',
  '日本語の長い名前'.repeat(20),
  '👩‍👩‍👧‍👦'.repeat(30),
  'W'.repeat(400),
  '\n\t tabs and lines \r',
] as const;
/** As a text is in XML: with what XML does not have replaced, and with its ends of lines. */
const inXml = (text: string): string =>
  text.replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]|\p{Cs}/gu, '\ufffd').replace(/\r\n?/g, '\n');

describeInBrowser('a chart', (browser) => {
  /** Parses each text as XML; returns faults, or what the title and description say and which elements there are. */
  const parse = async (
    svgs: readonly string[],
  ): Promise<{ title: string; desc: string; names: string[]; fault: string | null }[]> => {
    const { page } = await browser.openAtOnce('about:blank');
    return (await page.evaluate(`(${JSON.stringify(svgs)}).map((svg) => {
      const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
      const fault = parsed.querySelector('parsererror');
      const of = (name) => parsed.querySelector(name)?.textContent ?? '';
      const all = [...parsed.querySelectorAll('*')];
      return { title: of('title'), desc: of('desc'), names: [...new Set(all.map((one) => one.localName))], fault: fault?.textContent ?? null };
    })`)) as never;
  };

  it('is well-formed XML whatever it is called, and has no element that it should not have', async () => {
    const svgs = HOSTILE.map((title) =>
      chartSvg([{ name: title, points: pointsOf([1, 2]) }], {
        ...OPTIONS,
        title,
        description: title,
        unit: 'km',
        theme: 'auto',
      }),
    );
    const parsed = await parse(svgs);
    expect(parsed.map(({ fault }) => fault)).toEqual(HOSTILE.map(() => null));
    expect(parsed.map(({ title }) => title)).toEqual(HOSTILE.map(inXml));
    expect(parsed.map(({ desc }) => desc)).toEqual(HOSTILE.map(inXml));
    for (const { names } of parsed)
      expect(
        names.filter((name) => !'svg title desc style rect line text path circle'.split(' ').includes(name)),
      ).toEqual([]);
  });

  it('keeps its texts inside, apart from one another, in narrow and wide ones', async () => {
    const { page } = await browser.openAtOnce('about:blank');
    const charts = [160, 240, 320, 640, 1_200].flatMap((width) =>
      (['DAY', 'CALENDAR_MONTH', 'HOUR'] as const).map((period) => {
        const points = Array.from({ length: 40 }, (_, n) => {
          const value = n * 1_234.5;
          if (period === 'DAY') return { date: addDays('2026-10-01', n), value };
          if (period === 'CALENDAR_MONTH')
            return { date: `${2023 + Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, '0')}-01`, value };
          const start = new Date(Date.UTC(2026, 9, 1, n)).toISOString();
          return { date: start.slice(0, 10), start: `${start.slice(0, 19)}Z`, value, complete: n < 39 };
        });
        return chartSvg(points, {
          title: 'Orders of all customers in this quarter',
          period,
          width,
          unit: { currency: 'EUR' },
        });
      }),
    );
    await page.setContent(charts.join(''));
    const outside = await page.evaluate(`[...document.querySelectorAll('svg')].flatMap((svg) => {
      const frame = svg.getBoundingClientRect();
      const boxes = [...svg.querySelectorAll('text')].map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
      const out = boxes.filter(({ box }) => box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom);
      const over = boxes.flatMap((a, place) => boxes.slice(place + 1).filter(({ box }) =>
        a.box.left < box.right && box.left < a.box.right && a.box.top + 3 < box.bottom && box.top + 3 < a.box.bottom).map((b) => a.text + ' over ' + b.text));
      return [...out.map(({ text }) => text + ' outside of ' + frame.width), ...over.map((text) => text + ' in ' + frame.width)];
    })`);
    expect(outside).toEqual([]);
  });

  it('takes the colours of the reader, light or dark, if it may', async () => {
    const url = `data:image/svg+xml,${encodeURIComponent(chartSvg(pointsOf([1, 2]), { ...OPTIONS, theme: 'auto' }))}`;
    const paper = async (theme: 'light' | 'dark'): Promise<unknown> => {
      const { page } = await browser.openAtOnce(url, { theme });
      return page.evaluate(`getComputedStyle(document.querySelector('rect')).fill`);
    };
    expect([await paper('light'), await paper('dark')]).toEqual(['rgb(255, 255, 255)', 'rgb(24, 31, 39)']);
  });
});
