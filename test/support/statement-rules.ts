/**
 * The rules of docs/scaling.md that the text of a statement shows, read from PostgreSQL's own parse tree. The tree tells
 * no types: that a day never depends on the session's time zone is shown by the specs that run in another zone.
 */
import { loadModule, parseSync } from 'libpg-query';

interface Node {
  readonly [field: string]: unknown;
}

interface Found {
  readonly name: string;
  readonly node: Node;
}

await loadModule();

const AGGREGATES = new Set(['count', 'sum', 'min', 'max', 'avg', 'string_agg', 'array_agg', 'json_agg', 'bool_or']);

/** What depends on the zone or the clock of a session. `now()` is an instant, and the same for a whole transaction. */
const SESSION_CLOCK = new Set(['clock_timestamp', 'statement_timestamp', 'timeofday', 'localtime', 'localtimestamp']);

/** What a conflict may compute from: the same for the same arguments. */
const IMMUTABLE = new Set(['round', 'greatest', 'least', 'coalesce', 'abs']);

/** Walks from key to key of a table with statistics, which a distributed table cannot answer: docs/scaling.md. */
const WALKS = ['trackstats_series', 'trackstats_keys'];

/** Says which rules a statement breaks. */
export function brokenRules(statement: string): string[] {
  const found = [...nodesOf(parseSync(statement))];
  return [...sessionRules(found), ...conflictRules(found), ...formRules(found), ...sourceRules(found)];
}

/** The tables that stay local in a distributed database, or of which each server has all rows. */
const UNDISTRIBUTED = /^trackstats_(domain|metric|coverage|increment_key|tracker|run|alert|annotation)$|^pg_/;
/** The tables of django-trackstats, with the prefix that a spec gives them: an import reads them where django keeps them. */
const OF_DJANGO = /^(old_)?(django_content_type|trackstats_(domain|metric|period|statisticbydate(andobject)?))$/;

/** Says which rules a statement breaks whose statistics are distributed, too: docs/scaling.md. */
export function brokenIfDistributed(statement: string): string[] {
  const found = [...nodesOf(parseSync(statement))];
  const withs = withsOf(found);
  const distributed = (query: unknown): string[] =>
    tablesIn(query).filter((table) => !UNDISTRIBUTED.test(table) && !OF_DJANGO.test(table) && !withs.has(table));
  const forms = found.flatMap(({ name, node }) => {
    if (name === 'withClause' && node['recursive'] === true) return ['a recursive query'];
    if (name === 'ColumnRef' && /^(ctid|tableoid)$/.test(nameOf(listOf(node['fields']).at(-1)))) return ['a place'];
    const inner = innerOf(name, node);
    if (inner === undefined || distributed(inner).length === 0) return [];
    if (name === 'RangeSubselect') return [`LATERAL over ${distributed(inner).join(', ')}`];
    return isCorrelated(inner) ? [`a correlated query over ${distributed(inner).join(', ')}`] : [];
  });
  const written = new Set(
    found.flatMap(({ name, node }) =>
      /^(Insert|Update|Delete)Stmt$/.test(name) ? textOf((node['relation'] as Node | undefined)?.['relname']) : [],
    ),
  );
  return [...brokenRules(statement), ...forms, ...(written.size > 1 ? [`writes ${[...written].join(', ')}`] : [])];
}

/** The query of a subquery in an expression, or of one in FROM that may name the columns beside it. */
function innerOf(name: string, node: Node): unknown {
  if (name === 'SubLink') return node['subselect'];
  return name === 'RangeSubselect' && node['lateral'] === true ? node['subquery'] : undefined;
}

function withsOf(found: readonly Found[]): ReadonlySet<string> {
  return new Set(found.flatMap(({ name, node }) => (name === 'CommonTableExpr' ? textOf(node['ctename']) : [])));
}

function sessionRules(found: readonly Found[]): string[] {
  return found.flatMap(({ name, node }) => {
    if (name === 'SQLValueFunction' && !/^SVFOP_CURRENT_TIMESTAMP/.test(String(node['op'])))
      return [`${String(node['op'])} depends on the session`];
    if (name === 'VariableSetStmt' && node['is_local'] !== true && node['name'] !== 'TRANSACTION')
      return [`SET ${String(node['name'])} outlives its transaction`];
    if (name !== 'FuncCall') return [];
    const called = functionOf(node);
    if (/^pg_(try_)?advisory/.test(called)) return [`${called} is lost by a transaction pooler`];
    if (SESSION_CLOCK.has(called)) return [`${called} depends on the session`];
    if (called === 'set_config' && !isTrue(listOf(node['args'])[2])) return ['set_config outlives its transaction'];
    return [];
  });
}

function conflictRules(found: readonly Found[]): string[] {
  return found
    .filter(({ name }) => name === 'onConflictClause')
    .flatMap(({ node }) => [...nodesOf(node)])
    .flatMap(({ name, node }) => {
      if (name === 'SubLink') return ['ON CONFLICT reads a query'];
      if (name === 'SQLValueFunction') return [`ON CONFLICT uses ${String(node['op'])}`];
      return name === 'FuncCall' && !IMMUTABLE.has(functionOf(node)) ? [`ON CONFLICT calls ${functionOf(node)}`] : [];
    });
}

/** Forms that a distributed PostgreSQL does not have, and tables that a run would leave behind. */
function formRules(found: readonly Found[]): string[] {
  return found.flatMap(({ name, node }) => {
    if (name === 'MergeStmt') return ['MERGE'];
    if (name === 'GroupingSet') return ['GROUPING SETS'];
    const created = name === 'CreateTableAsStmt' ? (node['into'] as Node)['rel'] : node['relation'];
    if (!/^Create(TableAs)?Stmt$/.test(name) || (created as Node | undefined)?.['relpersistence'] === 't') return [];
    return ['a table that is not temporary'];
  });
}

/** What the source's tables may not meet. */
function sourceRules(found: readonly Found[]): string[] {
  const withs = withsOf(found);
  return found.flatMap(({ name, node }) => {
    if (name === 'withClause' && node['recursive'] === true && !WALKS.some((walk) => withs.has(walk)))
      return ['a recursive query'];
    const inner = innerOf(name, node);
    if (inner === undefined || !isCorrelated(inner) || !hasAggregate(inner) || isOfStatistics(inner)) return [];
    return tablesIn(inner)
      .filter((table) => !withs.has(table) && !table.startsWith('trackstats_'))
      .map((table) => `${table} is aggregated by a correlated query`);
  });
}

/** A custom statistic's table may have any name. */
function isOfStatistics(query: unknown): boolean {
  return [...nodesOf(query)].some(
    ({ name, node }) => name === 'ColumnRef' && nameOf(listOf(node['fields']).at(-1)) === 'metric_id',
  );
}

function tablesIn(query: unknown): string[] {
  return [...nodesOf(query)].flatMap(({ name, node }) => (name === 'RangeVar' ? textOf(node['relname']) : []));
}

/** Only qualified columns tell where they are from, as those of correlated queries of the library are. */
function isCorrelated(query: unknown): boolean {
  const inner = new Set<string>();
  const used: string[] = [];
  for (const { name, node } of nodesOf(query)) {
    const alias = textOf((node['alias'] as Node | undefined)?.['aliasname']);
    if (name === 'RangeVar') for (const one of alias.length > 0 ? alias : textOf(node['relname'])) inner.add(one);
    else for (const one of alias) inner.add(one);
    const fields = name === 'ColumnRef' ? listOf(node['fields']) : [];
    if (fields.length > 1) used.push(nameOf(fields[0]));
  }
  return used.some((one) => !inner.has(one));
}

function hasAggregate(query: unknown): boolean {
  return [...nodesOf(query)].some(
    ({ name, node }) => name === 'FuncCall' && node['over'] === undefined && AGGREGATES.has(functionOf(node)),
  );
}

function* nodesOf(tree: unknown): Generator<Found> {
  if (Array.isArray(tree)) {
    for (const each of tree) yield* nodesOf(each);
  } else if (typeof tree === 'object' && tree !== null) {
    for (const [name, node] of Object.entries(tree)) {
      if (typeof node !== 'object' || node === null) continue;
      if (!Array.isArray(node)) yield { name, node: node as Node };
      yield* nodesOf(node);
    }
  }
}

function functionOf(call: Node): string {
  return nameOf(listOf(call['funcname']).at(-1));
}

function nameOf(node: Node | undefined): string {
  return textOf((node?.['String'] as Node | undefined)?.['sval']).join('');
}

function listOf(value: unknown): Node[] {
  return Array.isArray(value) ? (value as Node[]) : [];
}

function textOf(value: unknown): string[] {
  return typeof value === 'string' ? [value] : [];
}

function isTrue(node: Node | undefined): boolean {
  const value = (node?.['A_Const'] as Node | undefined)?.['boolval'] as Node | undefined;
  return value?.['boolval'] === true;
}
