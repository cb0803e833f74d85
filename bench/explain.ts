import type { Contender } from './bench-case.js';
import type { Session, Statement } from './session.js';

/** The plans of the statements that a contender executes, with the times of each. */
export async function explain(session: Session, contender: Contender): Promise<string> {
  await contender.reset();
  const statements = await session.recorded(() => contender.run());
  await contender.reset();
  const runner = session.dataSource.createQueryRunner();
  const parts: string[] = [];
  try {
    for (const statement of statements) parts.push(await explained(session, runner, statement));
  } finally {
    await runner.release();
  }
  return parts.filter((part) => part !== '').join('\n\n');
}

const PLANNED = /^\s*(INSERT|WITH|SELECT|DELETE|UPDATE)/i;
const TEMPORARY = /^\s*CREATE TEMPORARY TABLE \S+ AS\s+/i;
const WORTH_SHOWING_MS = 3;

async function explained(
  { kind }: Session,
  runner: { query(text: string, parameters?: unknown[]): Promise<unknown> },
  { text, parameters }: Statement,
): Promise<string> {
  const values = [...parameters];
  const query = text.replace(TEMPORARY, '');
  const isPlanned = PLANNED.test(query);
  let plan = '';
  if (isPlanned && kind === 'sqlite') plan = sqlitePlan(await runner.query(`EXPLAIN QUERY PLAN ${query}`, values));
  if (isPlanned && kind === 'mariadb' && query !== text) plan = lines(await runner.query(`ANALYZE FORMAT=JSON ${query}`, values));
  const began = performance.now();
  if (isPlanned && kind === 'postgres') {
    plan = lines(await runner.query(`EXPLAIN (ANALYZE, BUFFERS, SETTINGS) ${text}`, values));
  } else if (isPlanned && kind === 'mariadb' && query === text && !/^\s*UPDATE/i.test(text)) {
    plan = lines(await runner.query(`ANALYZE FORMAT=JSON ${text}`, values));
  } else {
    await runner.query(text, values);
  }
  const ms = performance.now() - began;
  return ms < WORTH_SHOWING_MS ? '' : `-- ${ms.toFixed(0)} ms\n${text}\n${JSON.stringify(values)}\n${plan}`;
}

function lines(rows: unknown): string {
  return (rows as Record<string, unknown>[]).map((row) => Object.values(row).join(' ')).join('\n');
}

function sqlitePlan(rows: unknown): string {
  const steps = rows as { id: number; parent: number; detail: string }[];
  const depth = (id: number): number => {
    const step = steps.find((other) => other.id === id);
    return step === undefined ? 0 : 1 + depth(step.parent);
  };
  return steps.map(({ parent, detail }) => `${'  '.repeat(depth(parent))}${detail}`).join('\n');
}
