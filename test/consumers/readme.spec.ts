import { existsSync, readFileSync } from 'node:fs';
import * as trackstats from 'nestjs-trackstats';

const text = readFileSync('README.md', 'utf8');
const prose = text.replace(/^```.*?^```$/gms, '');

/** The names in code font in the first column of a table, by the heading that it stands under. */
function firstColumn(heading: string): string[] {
  const section = prose.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
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

describe('the README', () => {
  it('names every error of the library, and no other', () => {
    const errors = Object.keys(trackstats).filter((name) => name.endsWith('Error'));
    expect([...new Set(text.match(/\b(?!NotImplemented)[A-Z]\w+Error\b/g))].sort()).toEqual(errors.sort());
  });

  it('names every option of the module', () => {
    const file = 'lib/trackstats.options.ts';
    const options = ['TrackstatsModuleOptions', 'TrackstatsModuleExtras'].flatMap((name) => propertiesOf(file, name));
    expect(firstColumn('Options of the module').sort()).toEqual(options.sort());
  });

  it('names every way to read', () => {
    const methods = Object.getOwnPropertyNames(trackstats.StatisticService.prototype);
    const named = firstColumn('Reading');
    expect(named.filter((name) => !methods.includes(name))).toEqual([]);
    expect(named).toEqual(expect.arrayContaining(['value', 'point', 'series', 'multiSeries', 'top', 'total', 'find']));
  });

  it('says something of every option of a tracker', () => {
    const file = 'lib/tracking/tracker.options.ts';
    const options = ['CommonTrackerOptions', 'TrackerOptions', 'Aggregating', 'JobOptions', 'MethodOptions'].flatMap(
      (name) => propertiesOf(file, name),
    );
    expect(options.filter((option) => !new RegExp(`\\b${option}\\b`).test(text))).toEqual([]);
  });

  it('links to what is there', () => {
    const anchors = [...prose.matchAll(/^#+ (.+)$/gm)].map(
      ([, heading = '']) =>
        `#${heading
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-')}`,
    );
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const inside = links.filter((link) => !link.startsWith('https://'));
    expect(inside.filter((link) => (link.startsWith('#') ? !anchors.includes(link) : !existsSync(link)))).toEqual([]);
  });
});
