import type { Contender, Prepared } from './bench-case.js';

export interface Measured {
  /** median of ours ÷ median of the fastest baseline */
  readonly ratio: number;
  /** the middle half of the ratios of each round */
  readonly spread: readonly [number, number];
  /** milliseconds, medians */
  readonly ours: number;
  readonly baseline: number;
  readonly baselineName: string;
  readonly rounds: number;
  readonly others: readonly { readonly name: string; readonly ms: number }[];
}

const FEWEST_ROUNDS = 3;
const ROUNDS = 5;
const MOST_ROUNDS = 25;
/** slow work is measured `ROUNDS` times, for at most this multiple of the time given */
const PATIENCE = 3;
/** baselines within this factor of the fastest first time are measured on. The factor is smaller for slow ones */
const CLOSE = 1.25;
const CLOSE_OF_LONG = 1.05;

/** Measures ours and the fastest baseline in turn, so that other load on the machine affects both. */
export async function measure(prepared: Prepared, givenMs: number): Promise<Measured> {
  const { ours, baselines, asides = [] } = prepared;
  await timed(ours);
  const tried: { contender: Contender; ms: number }[] = [];
  for (const contender of baselines) {
    const first = await timed(contender);
    await prepared.check?.();
    tried.push({ contender, ms: first > givenMs / 4 ? first : Math.min(first, await timed(contender)) });
  }
  const fastestFirst = Math.min(...tried.map(({ ms }) => ms));
  const closeness = fastestFirst > givenMs / 4 ? CLOSE_OF_LONG : CLOSE;
  const close = tried.filter(({ ms }) => ms <= fastestFirst * closeness).map(({ contender }) => contender);
  const times = await inTurn([ours, ...close], givenMs);
  const timesOf = (contender: Contender): number[] => times.get(contender) ?? [];
  const [first, ...rest] = close;
  if (first === undefined) throw new TypeError('a case without a baseline');
  const fastest = rest.reduce((a, b) => (median(timesOf(b)) < median(timesOf(a)) ? b : a), first);

  const ratios = timesOf(ours).map((ms, round) => ms / (timesOf(fastest)[round] ?? NaN));
  const others = tried.filter(({ contender }) => contender !== fastest);
  for (const contender of asides) others.push({ contender, ms: await timed(contender) });
  return {
    ratio: median(timesOf(ours)) / median(timesOf(fastest)),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    ours: median(timesOf(ours)),
    baseline: median(timesOf(fastest)),
    baselineName: fastest.name,
    rounds: ratios.length,
    others: others.map(({ contender: { name }, ms }) => ({ name, ms })),
  };
}

async function inTurn(contenders: readonly Contender[], givenMs: number): Promise<Map<Contender, number[]>> {
  const times = new Map<Contender, number[]>(contenders.map((contender) => [contender, []]));
  const began = performance.now();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const spent = performance.now() - began;
    if (round >= FEWEST_ROUNDS && spent > givenMs * (round < ROUNDS ? PATIENCE : 1)) break;
    // each contender follows each other one about equally often
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const contender of order) times.get(contender)?.push(await timed(contender));
  }
  return times;
}

/** Returns the milliseconds of one unit of a contender's work. */
async function timed({ reset, run, units = 1 }: Contender): Promise<number> {
  await reset?.();
  const began = performance.now();
  await run();
  return (performance.now() - began) / units;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const [below = NaN, above = NaN] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}
