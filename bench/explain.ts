import type { QueryRunner } from 'typeorm';
import type { Contender } from './bench-case.js';
import type { Session, Statement } from './session.js';

/** Of shorter and of repeated statements only the first words are shown. */
const WORTH_SHOWING_MS = 2;
const PLANNED = /^\s*(INSERT|WITH|SELECT|DELETE|UPDATE)/i;
const TEMPORARY = /^\s*CREATE TEMPORARY TABLE \S+ (\(.*?\) )?(ON COMMIT DROP )?AS\s+/is;

/** Returns the statements that a contender executes, with the plans of the slow ones. */
export async function explain(session: Session, contender: Contender): Promise<string> {
  await contender.reset?.();
  const statements = await session.recorded(contender.run);
  await contender.reset?.();
  const runner = session.dataSource.createQueryRunner();
  const short = new Map<string, { times: number; ms: number }>();
  const planned = new Set<string>();
  const shown: string[] = [];
  const showShort = (): void => {
    for (const [text, { times, ms }] of short) {
      shown.push(`-- ${times === 1 ? '' : `${times} times, `}${ms.toFixed(1)} ms: ${text}`);
    }
    short.clear();
  };
  try {
    for (const statement of statements) {
      const { text, parameters } = statement;
      const { plan, ms } = await explained(session, runner, statement);
      if (ms < WORTH_SHOWING_MS || planned.has(text)) {
        const start = text.replace(/\s+/g, ' ').slice(0, 110);
        const before = short.get(start) ?? { times: 0, ms: 0 };
        short.set(start, { times: before.times + 1, ms: before.ms + ms });
      } else {
        showShort();
        planned.add(text);
        shown.push(`-- ${ms.toFixed(0)} ms\n${text}\n-- ${JSON.stringify(parameters)}\n${plan}`);
      }
    }
    showShort();
  } finally {
    await runner.release();
  }
  return shown.join('\n');
}

const LONGEST_LINE = 160;
const MOST_LINES = 60;

/** Shortens a plan for readers: the CASE of a zone's offsets, the parameters, and long plans. */
export function shortened(plan: string): string {
  const lines = plan.split('\n').map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line));
  return lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), '…'].join('\n') : lines.join('\n');
}

/** Executes a statement, because the next ones may need its result. */
async function explained(
  { kind }: Session,
  runner: QueryRunner,
  { text, parameters }: Statement,
): Promise<{ plan: string; ms: number }> {
  const values = [...parameters];
  const run = (statement: string): Promise<unknown> => runner.query(statement, values);
  const query = text.replace(TEMPORARY, '');
  const plan = !PLANNED.test(query)
    ? ''
    : kind === 'sqlite'
      ? tree(await run(`EXPLAIN QUERY PLAN ${query}`))
      : kind === 'mariadb' && query !== text
        ? lines(await run(`ANALYZE FORMAT=JSON ${query}`))
        : '';
  const began = performance.now();
  const analyze = kind === 'postgres' ? 'EXPLAIN (ANALYZE, BUFFERS)' : 'ANALYZE FORMAT=JSON';
  const isAnalyzed = PLANNED.test(query) && kind !== 'sqlite' && plan === '';
  const result = await run(isAnalyzed ? `${analyze} ${text}` : text);
  return { plan: isAnalyzed ? lines(result) : plan, ms: performance.now() - began };
}

function lines(rows: unknown): string {
  return (rows as Record<string, unknown>[]).map((row) => Object.values(row).join(' ')).join('\n');
}

function tree(rows: unknown): string {
  const steps = rows as { id: number; parent: number; detail: string }[];
  const depth = (id: number): number => {
    const step = steps.find((other) => other.id === id);
    return step === undefined ? 0 : 1 + depth(step.parent);
  };
  return steps.map(({ parent, detail }) => `${'  '.repeat(depth(parent))}${detail}`).join('\n');
}
