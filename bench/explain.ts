import type { QueryRunner } from 'typeorm';
import type { Contender } from './bench-case.js';
import type { Session, Statement } from './session.js';

/** Statements that take less are not shown. */
const WORTH_SHOWING_MS = 2;
const PLANNED = /^\s*(INSERT|WITH|SELECT|DELETE|UPDATE)/i;
const TEMPORARY = /^\s*CREATE TEMPORARY TABLE \S+ (\(.*?\) )?(ON COMMIT DROP )?AS\s+/is;

/** The statements that a contender executes and that take time, each with its plan. */
export async function explain(session: Session, contender: Contender): Promise<string> {
  await contender.reset?.();
  const statements = await session.recorded(contender.run);
  await contender.reset?.();
  const runner = session.dataSource.createQueryRunner();
  const shown: string[] = [];
  try {
    for (const statement of statements) {
      const { plan, ms } = await explained(session, runner, statement);
      const { text, parameters } = statement;
      if (ms >= WORTH_SHOWING_MS)
        shown.push(`-- ${ms.toFixed(0)} ms\n${text}\n-- ${JSON.stringify(parameters)}\n${plan}`);
    }
  } finally {
    await runner.release();
  }
  return shown.join('\n\n');
}

/** Executes a statement: what follows may need what it made. */
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
