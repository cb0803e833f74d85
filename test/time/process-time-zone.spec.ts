import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformFileSync } from '@swc/core';
import { offsetChanges } from '../../lib/time/zone-offsets.js';
import { readBack } from './wall-clock.js';

/**
 * What depends on the zone of the process runs in a process of its own: inside jest, setting TZ does not reach V8.
 * One process answers for all zones, as V8 reads TZ anew whenever it is set.
 */
const PROGRAM = `
import { processTimeZone } from './time/time-zone.js';
const questions = JSON.parse(process.argv[2]);
const answers = questions.map(({ tz, readings }) => {
  process.env.TZ = tz;
  const instants = readings.map((reading) => {
    const wall = new Date(reading);
    const date = [wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate()];
    return new Date(...date, wall.getUTCHours(), wall.getUTCMinutes(), wall.getUTCSeconds(), wall.getUTCMilliseconds()).getTime();
  });
  return { zone: processTimeZone(), instants };
});
console.log(JSON.stringify(answers));
`;

interface Answer {
  zone: string;
  instants: number[];
}

describe('in a process whose zone is set', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trackstats-time-'));

  beforeAll(() => {
    for (const part of ['time', 'errors']) compile(part);
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'program.js'), PROGRAM);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('processTimeZone names a zone, or the offset where the zone has no name', () => {
    const expected = {
      'Europe/Berlin': 'Europe/Berlin',
      'America/St_Johns': 'America/St_Johns',
      UTC: 'UTC',
      ':Europe/Berlin': 'Europe/Berlin',
      '': '+00:00',
      'Europe/Atlantis': '+00:00',
      'GMT+5': '-05:00',
      'UTC+3': '-03:00',
    };
    const answers = ask(Object.keys(expected).map((tz) => ({ tz, readings: [] })));
    expect(answers.map((answer) => answer.zone)).toEqual(Object.values(expected));
  });

  it('Date takes readings back to instants as the oracle of these specs does, skipped and repeated ones included', () => {
    const zones = [
      'Europe/Berlin',
      'America/St_Johns',
      'Pacific/Apia',
      'Australia/Lord_Howe',
      'Africa/Monrovia',
      'America/Havana',
    ];
    const questions = zones.map((tz) => ({ tz, readings: readingsAroundTransitions(tz) }));
    const answers = ask(questions);
    questions.forEach(({ tz, readings }, index) => {
      const taken = readings.map((reading) => [tz, new Date(reading).toISOString(), readBack(reading, tz)]);
      const byDate = readings.map((reading, n) => [tz, new Date(reading).toISOString(), answers[index]?.instants[n]]);
      expect(byDate).toEqual(taken);
    });
  });

  function compile(part: string): void {
    const source = join(process.cwd(), 'lib', part);
    mkdirSync(join(folder, part));
    for (const file of readdirSync(source).filter((name) => name.endsWith('.ts'))) {
      const { code } = transformFileSync(join(source, file), { sourceMaps: false });
      writeFileSync(join(folder, part, file.replace(/ts$/, 'js')), code);
    }
  }

  function ask(questions: { tz: string; readings: number[] }[]): Answer[] {
    const program = join(folder, 'program.js');
    return JSON.parse(
      execFileSync(process.execPath, [program, JSON.stringify(questions)], { encoding: 'utf8' }),
    ) as Answer[];
  }
});

function readingsAroundTransitions(zone: string): number[] {
  const changes = offsetChanges(zone, Date.UTC(1968, 0, 1) / 1000, Date.UTC(2030, 0, 1) / 1000);
  return changes.flatMap(({ at, before, after }) => {
    const [first, last] = [at + Math.min(before, after), at + Math.max(before, after)].map((second) => second * 1000);
    if (first === undefined || last === undefined) return [];
    return [first - 1, first, (first + last) / 2, last - 1, last, last + 3_600_000];
  });
}
