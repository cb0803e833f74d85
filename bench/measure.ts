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
  /**
   * processor time of this process and of the database's own, medians in milliseconds, which other load on the machine
   * hardly changes. Without PostgreSQL's parallel workers. null if the database runs elsewhere
   */
  readonly processor: { readonly ours: number; readonly baseline: number } | null;
  readonly rounds: number;
  readonly others: readonly { readonly name: string; readonly ms: number }[];
}

/**
 * milliseconds that each contender works before it is measured. A call of 0.1 ms takes 0.4 in a process that has just
 * started: V8 compiles what was called thousands of times
 */
const WARM_UP = 1_500;
const FEWEST_ROUNDS = 3;
const ROUNDS = 5;
const MOST_ROUNDS = 25;
/** slow work is measured `ROUNDS` times, for at most this multiple of the time given */
const PATIENCE = 3;
/** baselines within this factor of the fastest first time are measured on. The factor is smaller for slow ones */
const CLOSE = 1.25;
const CLOSE_OF_LONG = 1.05;

/** Milliseconds of processor time until now; null if it cannot be read. */
export type ProcessorTime = () => Promise<number | null>;

/** Milliseconds of one unit of work. */
interface Spent {
  readonly ms: number;
  readonly processor: number | null;
}

/** Measures ours and the fastest baseline in turn, so that other load on the machine affects both. */
export async function measure(
  prepared: Prepared,
  givenMs: number,
  processorTime: ProcessorTime = () => Promise.resolve(null),
): Promise<Measured> {
  const { ours, baselines, asides = [] } = prepared;
  const timed = async (contender: Contender): Promise<number> => (await spent(contender, processorTime)).ms;
  await warmUp(ours, processorTime);
  const tried: { contender: Contender; ms: number }[] = [];
  for (const contender of baselines) {
    const first = await timed(contender);
    await prepared.check?.();
    tried.push({ contender, ms: first > givenMs / 4 ? first : Math.min(first, await timed(contender)) });
  }
  const fastestFirst = Math.min(...tried.map(({ ms }) => ms));
  const closeness = fastestFirst > givenMs / 4 ? CLOSE_OF_LONG : CLOSE;
  const close = tried.filter(({ ms }) => ms <= fastestFirst * closeness).map(({ contender }) => contender);
  for (const contender of close) await warmUp(contender, processorTime);
  const times = await inTurn([ours, ...close], givenMs, processorTime);
  const timesOf = (contender: Contender): number[] => (times.get(contender) ?? []).map(({ ms }) => ms);
  const processorOf = (contender: Contender): number[] =>
    (times.get(contender) ?? []).flatMap(({ processor }) => processor ?? []);
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
    processor:
      processorOf(ours).length === 0
        ? null
        : { ours: median(processorOf(ours)), baseline: median(processorOf(fastest)) },
    rounds: ratios.length,
    others: others.map(({ contender: { name }, ms }) => ({ name, ms })),
  };
}

async function warmUp(contender: Contender, processorTime: ProcessorTime): Promise<void> {
  const began = performance.now();
  do await spent(contender, processorTime);
  while (performance.now() - began < WARM_UP);
}

async function inTurn(
  contenders: readonly Contender[],
  givenMs: number,
  processorTime: ProcessorTime,
): Promise<Map<Contender, Spent[]>> {
  const times = new Map<Contender, Spent[]>(contenders.map((contender) => [contender, []]));
  const began = performance.now();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const passed = performance.now() - began;
    if (round >= FEWEST_ROUNDS && passed > givenMs * (round < ROUNDS ? PATIENCE : 1)) break;
    // each contender follows each other one about equally often
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const contender of order) times.get(contender)?.push(await spent(contender, processorTime));
  }
  return times;
}

/** Returns the milliseconds of one unit of a contender's work. */
async function spent({ reset, run, units = 1 }: Contender, processorTime: ProcessorTime): Promise<Spent> {
  await reset?.();
  const before = await processorTime();
  const began = performance.now();
  await run();
  const ms = performance.now() - began;
  const after = await processorTime();
  return { ms: ms / units, processor: before === null || after === null ? null : (after - before) / units };
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
