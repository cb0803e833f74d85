import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSite } from '../../build/site.js';
import { violationsOn } from '../dashboard/axe.js';
import { describeInBrowser } from '../dashboard/browser.js';

/** Names that no call takes or returns, and that no snippet uses. */
const WITHOUT_EXAMPLE = [
  'interfaces/nestjs-trackstats.Progress.html',
  'interfaces/nestjs-trackstats_client.ErrorResponse.html',
  'interfaces/nestjs-trackstats_health.LateTracker.html',
  'interfaces/nestjs-trackstats_transfer.ImportProblem.html',
  'types/nestjs-trackstats.Clock.html',
  'types/nestjs-trackstats.KeyPath.html',
  'types/nestjs-trackstats.NumericPath.html',
  'types/nestjs-trackstats.ObjectPath.html',
  'types/nestjs-trackstats.StatisticFilter.html',
  'types/nestjs-trackstats.TrackerEventType.html',
  'types/nestjs-trackstats.TrackstatsErrorCode.html',
  'types/nestjs-trackstats_client.DimensionsFilter.html',
  'types/nestjs-trackstats_client.DimensionsRequest.html',
  'types/nestjs-trackstats_prometheus.RunOutcome.html',
];

describeInBrowser('the site of guides and docstrings, from its folder', (browser) => {
  let site: string;

  beforeAll(async () => {
    site = await mkdtemp(join(tmpdir(), 'trackstats_site_'));
    await buildSite(site);
  }, 600_000);

  afterAll(async () => {
    await rm(site, { recursive: true, force: true });
  });

  const addressOf = (page: string): string => pathToFileURL(join(site, page)).href;

  test('has a page for each guide, in HTML and as Markdown', async () => {
    const pages = await readdir(join(site, 'documents'));
    for (const guide of (await readdir('docs')).filter((name) => /^[a-z-]+\.md$/.test(name))) {
      const [, title = ''] = /^# (.+)/.exec(await readFile(join('docs', guide), 'utf8')) ?? [];
      expect(pages).toContain(`${title.replaceAll(' ', '_')}.html`);
      expect(await readFile(join(site, 'guides', guide), 'utf8')).toEqual(await readFile(join('docs', guide), 'utf8'));
    }
  });

  test('has a page for each public name', async () => {
    const names = [...(await readFile('lib/index.ts', 'utf8')).matchAll(/\b([A-Z][A-Za-z]+)\b(?=[,\s}])/g)].map(
      ([, name]) => name ?? '',
    );
    expect(names.length).toBeGreaterThan(100);
    const pages = new Set((await readdir(site, { recursive: true })).map((path) => path.split('/').at(-1)));
    // LocalDateText is public as LocalDate
    expect(names.filter((name) => !pages.has(`nestjs-trackstats.${name}.html`))).toEqual(['LocalDateText']);
  });

  test('has an example on the page of each public name that is not an error, with a link to where it is from', async () => {
    const pages = (await readdir(site, { recursive: true })).filter((path) =>
      /^(classes|functions|interfaces|types|variables)\/(?!.*Error\.html)/.test(path),
    );
    const textOf = (path: string): string => readFileSync(join(site, path), 'utf8');
    expect(pages.filter((path) => !textOf(path).includes('>Example')).sort()).toEqual(WITHOUT_EXAMPLE);
    expect(textOf('interfaces/nestjs-trackstats.Comparison.html')).toMatch(/From <a [^>]*>StatisticService\.compare</);
  });

  test('leads from each error to the list of them', async () => {
    const errors = (await readdir(join(site, 'classes'))).filter((page) => page.endsWith('Error.html'));
    const lost = errors.filter((page) => {
      const text = readFileSync(join(site, 'classes', page), 'utf8');
      return !text.includes('>Example') && !text.includes('documents/Errors.html');
    });
    expect(lost).toEqual([]);
  });

  test('lists pages in llms.txt that are there', async () => {
    const listed = [...(await readFile(join(site, 'llms.txt'), 'utf8')).matchAll(/\]\(([^)]+)\)/g)].map(
      ([, to]) => to ?? '',
    );
    expect(listed.length).toBeGreaterThan(30);
    expect(listed.filter((page) => !existsSync(join(site, page)))).toEqual([]);
  });

  test('has no link to a page that is not there', async () => {
    const pages = (await readdir(site, { recursive: true })).filter((path) => path.endsWith('.html'));
    const broken = pages.flatMap((page) =>
      [...readFileSync(join(site, page), 'utf8').matchAll(/ (?:href|src)="([^"#]+)[^"]*"/g)]
        .map(([, to]) => to ?? '')
        .filter((to) => !/^(https?|data|mailto):/.test(to) && !existsSync(join(site, dirname(page), decodeURI(to))))
        .map((to) => `${page}: ${to}`),
    );
    expect(broken).toEqual([]);
  });

  test('finds a word of a guide and a public name', async () => {
    const { page } = await browser.openAtOnce(addressOf('index.html'));
    for (const [word, wanted] of [
      ['StatisticService', 'StatisticService'],
      ['minutes', 'Hours and minutes'],
    ]) {
      await page.click('#tsd-search-trigger');
      await page.waitForSelector('#tsd-search-input');
      await page.click('#tsd-search-input', { count: 3 }); // the word before is still in it
      await page.type('#tsd-search-input', word ?? '');
      await page.waitForFunction(
        `document.querySelector('#tsd-search-results').textContent.includes('${wanted ?? ''}')`,
      );
      await page.keyboard.press('Escape');
    }
  });

  test.each([
    ['index.html', 1200, 'light'],
    ['index.html', 390, 'dark'],
    ['documents/Tour.html', 1200, 'dark'],
    ['documents/Performance.html', 390, 'light'],
    ['classes/nestjs-trackstats.StatisticService.html', 1200, 'light'],
    ['interfaces/nestjs-trackstats_client.SeriesResponse.html', 390, 'dark'],
    ['modules/nestjs-trackstats.html', 768, 'light'],
    ['modules.html', 1440, 'dark'],
  ] as const)('has nothing of ours on %s at %i px, %s, that axe objects to', async (path, width, theme) => {
    const { page } = await browser.openAtOnce(addressOf(path), { width, theme });
    // of typedoc's own: its tree of pages has a link in what opens a folder, and pages of names leave out a level
    const known = /^(nested-interactive: <summary class="tsd-accordion-summary"|heading-order: <h[45])/;
    expect((await violationsOn(page)).filter((found) => !known.test(found))).toEqual([]);
  });
});
