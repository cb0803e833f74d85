import type { Contender, Prepared } from './bench-case.js';

export interface Measured {
  readonly ratio: number;
  /** milliseconds, medians */
  readonly ours: number;
  readonly baseline: number;
  readonly baselineName: string;
  readonly rounds: number;
  /** the middle half of the ratios of each round */
  readonly spread: readonly [number, number];
  readonly others: readonly { readonly name: string; readonly ms: number }[];
}

const MIN_ROUNDS = 3;
const ROUNDS = 5;
const MAX_ROUNDS = 25;
/** what takes so many times the budget in `MIN_ROUNDS` is not measured more often */
const PATIENCE = 3;

/** Measures ours and the fastest baseline in turn, so that whatever else the machine does falls on both. */
export async function measure(prepared: Prepared, budgetMs: number): Promise<Measured> {
  const { ours, baselines, scale = { ours: 1, baseline: 1 } } = prepared;
  await timed(ours);
  const tried: { contender: Contender; ms: number }[] = [];
  for (const contender of baselines) {
    const first = await timed(contender);
    await prepared.check(contender);
    tried.push({ contender, ms: first > budgetMs / 4 ? first : Math.min(first, await timed(contender)) });
  }
  tried.sort((a, b) => a.ms - b.ms);
  const [best] = tried;
  if (best === undefined) throw new TypeError('a case without a baseline');
  const close = tried.filter(({ ms }) => ms < best.ms * 1.25).map(({ contender }) => contender);

  const times = new Map<Contender, number[]>([ours, ...close].map((contender) => [contender, []]));
  const began = performance.now();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const spent = performance.now() - began;
    if (round >= MIN_ROUNDS && spent > budgetMs * (round < ROUNDS ? PATIENCE : 1)) break;
    const order = round % 2 === 0 ? [ours, ...close] : [...close, ours];
    for (const contender of order) times.get(contender)?.push(await timed(contender));
  }
  const medians = close.map((contender) => ({ contender, ms: median(times.get(contender) ?? []) }));
  const fastest = medians.reduce((a, b) => (b.ms < a.ms ? b : a));
  const [oursTimes, handTimes] = [times.get(ours) ?? [], times.get(fastest.contender) ?? []];
  const ratios = oursTimes.map((ms, round) => ms / scale.ours / ((handTimes[round] ?? NaN) / scale.baseline)).sort(ascending);

  const others = tried
    .filter(({ contender }) => contender !== fastest.contender)
    .map(({ contender: { name }, ms }) => ({ name, ms: ms / scale.baseline }));
  for (const aside of prepared.asides ?? []) others.push({ name: aside.name, ms: (await timed(aside)) / scale.baseline });
  const [oursMs, handMs] = [median(oursTimes) / scale.ours, fastest.ms / scale.baseline];
  return {
    ratio: oursMs / handMs,
    ours: oursMs,
    baseline: handMs,
    baselineName: fastest.contender.name,
    rounds: oursTimes.length,
    spread: [ratios[Math.floor(ratios.length / 4)] ?? NaN, ratios[Math.floor((ratios.length * 3) / 4)] ?? NaN],
    others,
  };
}

async function timed(contender: Contender): Promise<number> {
  await contender.reset();
  const began = performance.now();
  await contender.run();
  return performance.now() - began;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort(ascending);
  const middle = sorted.length >> 1;
  const [a = NaN, b = NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? b : (a + b) / 2;
}

function ascending(a: number, b: number): number {
  return a - b;
}
