import { above, addDays, below } from 'nestjs-trackstats';
import { advance, type AlertProgress } from '../../lib/alerts/alert-progress.js';
import { observationsOf, type WatchedPoint } from '../../lib/alerts/statistic.watch.js';
import fc from '../support/fast-check.js';

/** One change of a history: a further day, or another value for the last one. */
type Event = { readonly kind: 'day' | 'again'; readonly value: number | null };

/** Days of values, and after which events an alert looked at them. */
interface History {
  readonly looks: readonly (readonly Event[])[];
  readonly isBelow: boolean;
  readonly threshold: number;
  readonly margin: number;
  readonly count: number;
}

const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom('day', 'day', 'day', 'again'),
  value: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 9 }) },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
});
const histories: fc.Arbitrary<History> = fc.record({
  looks: fc.array(fc.array(event, { maxLength: 4 }), { maxLength: 30 }),
  isBelow: fc.boolean(),
  threshold: fc.integer({ min: 2, max: 7 }),
  margin: fc.integer({ min: 0, max: 3 }),
  count: fc.integer({ min: 1, max: 3 }),
});

const dayOf = (place: number): string => addDays('2026-01-01', place);

/** The values after each look. */
function valuesAtLooks({ looks }: History): (number | null)[][] {
  const values: (number | null)[] = [];
  return looks.map((events) => {
    for (const { kind, value } of events) {
      if (kind === 'day' || values.length === 0) values.push(value);
      else values[values.length - 1] = value;
    }
    return [...values];
  });
}

/** The crossings by hand: a flag, and the last day that it was asked for. */
function plainCrossings(history: History): string[] {
  const { isBelow, threshold, margin, count } = history;
  const isBad = (value: number | null | undefined): boolean =>
    typeof value === 'number' && (isBelow ? value < threshold : value > threshold);
  const isGood = (value: number): boolean => (isBelow ? value >= threshold + margin : value <= threshold - margin);
  const crossings: string[] = [];
  let firing = false;
  let seen = -1;
  for (const values of valuesAtLooks(history)) {
    const known = values.flatMap((value, place) => (value === null ? [] : [place]));
    const first = seen === -1 ? (known.at(-1) ?? values.length) : seen;
    for (const place of known.filter((one) => one >= first)) {
      const bad = Array.from({ length: count }, (_, back) => values[place - back]).every(isBad);
      if (bad && !firing) crossings.push(`firing ${dayOf(place)}`);
      if (firing && isGood(values[place] as number)) crossings.push(`recovered ${dayOf(place)}`);
      firing = bad || (firing && !isGood(values[place] as number));
      seen = place;
    }
  }
  return crossings;
}

/** The crossings of an alert that takes one after the other, as replicas do. */
function crossingsOf(history: History, looks: readonly (readonly (number | null)[])[]): string[] {
  const { isBelow, threshold, margin, count } = history;
  const when = isBelow
    ? below(threshold, { recoveryThreshold: threshold + margin })
    : above(threshold, { recoveryThreshold: threshold - margin });
  const crossings: string[] = [];
  let progress: AlertProgress = { status: 'ok', moment: null };
  for (const values of looks) {
    const points = values.map((value, place): WatchedPoint => {
      return { date: dayOf(place) as never, value, complete: true, before: null };
    });
    for (let isDone = false; !isDone;) {
      const seen = observationsOf({ when, count, complete: true }, points, progress.moment);
      const { crossed, progress: next } = advance(progress, seen);
      if (crossed) crossings.push(`${next.status === 'ok' ? 'recovered' : 'firing'} ${String(next.moment)}`);
      progress = next;
      isDone = !crossed;
    }
  }
  return crossings;
}

describe('the crossings of an alert', () => {
  it('are those of a plain model, whatever the history and whenever it is looked at', () => {
    fc.assert(
      fc.property(histories, (history) => {
        expect(crossingsOf(history, valuesAtLooks(history))).toEqual(plainCrossings(history));
      }),
      { numRuns: 1000 },
    );
  });

  it('are found once, however often the same values are looked at', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 1, max: 3 }), (history, times) => {
        const looks = valuesAtLooks(history);
        const often = looks.flatMap((look) => Array.from({ length: times }, () => look));
        expect(crossingsOf(history, often)).toEqual(crossingsOf(history, looks));
      }),
    );
  });

  it('alternate', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const kinds = crossingsOf(history, valuesAtLooks(history)).map((crossing) => crossing.split(' ')[0]);
        expect(kinds).toEqual(kinds.map((_, place) => (place % 2 === 0 ? 'firing' : 'recovered')));
      }),
    );
  });

  it('do not depend on how many values are looked at at once, after the first', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const days: History = {
          ...history,
          looks: history.looks.flatMap((events) => events.map((one) => [{ ...one, kind: 'day' as const }])),
        };
        const each = valuesAtLooks(days);
        const [first, last] = [each.find((values) => values.some((value) => value !== null)), each.at(-1)];
        fc.pre(first !== undefined && last !== undefined);
        expect(crossingsOf(days, [first, last])).toEqual(crossingsOf(days, each));
      }),
    );
  });

  it('are not those of a moment that was passed', () => {
    const seen = (moment: string, verdict: 'met' | 'recovered') => ({ moment, verdict, detail: null });
    const progress: AlertProgress = { status: 'ok', moment: '2026-11-02' };
    expect(advance(progress, [seen('2026-11-01', 'met')])).toEqual({ progress, last: null, crossed: false });
    expect(advance(progress, [seen('2026-11-02', 'met'), seen('2026-11-03', 'recovered')])).toMatchObject({
      progress: { status: 'firing', moment: '2026-11-02' },
      crossed: true,
    });
  });
});
