import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as trackstats from 'nestjs-trackstats';

const DOCUMENTS = [
  'README.md',
  ...readdirSync('docs').flatMap((file) => (file.endsWith('.md') ? [join('docs', file)] : [])),
];

const textOf = (document: string): string => readFileSync(document, 'utf8');
const proseOf = (document: string): string => textOf(document).replace(/^```.*?^```$/gms, '');
const text = DOCUMENTS.map(textOf).join('\n');

/** The names in code font in the first column of the table under a heading. */
function firstColumn(document: string, heading: string): string[] {
  const section =
    proseOf(document)
      .split(/^#+ /m)
      .find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| ([^|]*`[^|]*) \|/gm)].flatMap(
    ([, cell = '']) => cell.match(/(?<=`)\w+(?=[`(:])/g) ?? [],
  );
}

/** The properties of an interface of the library's source. */
function propertiesOf(file: string, name: string): string[] {
  const body = new RegExp(`export interface ${name}\\b[^{]*\\{\\n(.*?)^\\}`, 'ms').exec(
    readFileSync(file, 'utf8'),
  )?.[1];
  return body?.match(/(?<=^ {2})\w+(?=\??:)/gm) ?? [];
}

/** The links that headings can be reached by. */
function anchorsOf(document: string): string[] {
  return [...proseOf(document).matchAll(/^#+ (.+)$/gm)].map(
    ([, heading = '']) =>
      `#${heading
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-')}`,
  );
}

function isThere(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : join(dirname(document), path);
  return existsSync(target) && (anchor === undefined || anchorsOf(target).includes(`#${anchor}`));
}

describe('the documents', () => {
  it('docs/errors.md names every error of the library, and no other', () => {
    const errors = Object.keys(trackstats).filter((name) => name.endsWith('Error'));
    const named = textOf('docs/errors.md').match(/\b[A-Z]\w+Error\b/g);
    expect([...new Set(named)].sort()).toEqual(errors.sort());
  });

  it('docs/configuration.md names every option of the module', () => {
    const file = 'lib/trackstats.options.ts';
    const options = ['TrackstatsModuleOptions', 'TrackstatsModuleExtras'].flatMap((name) => propertiesOf(file, name));
    expect(firstColumn('docs/configuration.md', 'Options of the module').sort()).toEqual(options.sort());
  });

  it('docs/tour.md names every way to read', () => {
    const methods = Object.getOwnPropertyNames(trackstats.StatisticService.prototype);
    const named = firstColumn('docs/tour.md', 'Read statistics');
    expect(named.filter((name) => !methods.includes(name))).toEqual([]);
    expect(named).toEqual(expect.arrayContaining(['value', 'point', 'series', 'multiSeries', 'top', 'total', 'find']));
  });

  it('say something of every option of a tracker', () => {
    const file = 'lib/tracking/definition/tracker.options.ts';
    const options = ['CommonTrackerOptions', 'TrackerOptions', 'Aggregating', 'JobOptions', 'MethodOptions'].flatMap(
      (name) => propertiesOf(file, name),
    );
    expect(options.filter((option) => !new RegExp(`\\b${option}\\b`).test(text))).toEqual([]);
  });

  it.each([...DOCUMENTS, 'DEVELOPERS.md', 'sample-app/README.md'])('%s links to what is there', (document) => {
    const links = [...proseOf(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !link.startsWith('https://') && !isThere(document, link))).toEqual([]);
  });

  it('the README is no longer than a first visit', () => {
    expect(textOf('README.md').split('\n').length).toBeLessThanOrEqual(250);
  });

  it('DEVELOPERS.md names files and folders that exist', () => {
    const names = [...proseOf('DEVELOPERS.md').matchAll(/`([^`\s]+)`/g)].map(([, name = '']) => name);
    const paths = names.filter(
      (name) => /^(\.ci|bench|build|docs|lib|sample-app|test)\/|\.(c?js|json|md|ts)$/.test(name) && !/[<*]/.test(name),
    );
    expect(paths.length).toBeGreaterThan(50);
    expect(paths.filter((path) => path !== 'docs/api/' && !existsSync(path))).toEqual([]);
  });

  it('DEVELOPERS.md draws every folder of lib/, in the order of imports', () => {
    const drawing = /^ {4}optional parts.*?(?=^\S)/ms.exec(textOf('DEVELOPERS.md'))?.[0] ?? '';
    const folders = readdirSync('lib', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.filter(({ name }) => !new RegExp(`\\b${name}\\b`).test(drawing))).toEqual([]);
    const order = /^const ORDER = \[([^\]]*)\];/m.exec(textOf('.dependency-cruiser.cjs'))?.[1]?.match(/\w+/g) ?? [];
    expect([...drawing.matchAll(/^ {4}([a-z]+) {3,}/gm)].map(([, name]) => name)).toEqual(['module', ...order]);
  });

  it('docs/README.md has every guide', () => {
    const index = textOf('docs/README.md');
    const guides = readdirSync('docs').filter((file) => file.endsWith('.md') && file !== 'README.md');
    expect(guides.filter((file) => !index.includes(`](${file})`))).toEqual([]);
  });
});
