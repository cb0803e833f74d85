import type { Database } from '../../database/database.js';
import { shown } from '../../errors/trackstats.error.js';
import { builtInTable, type StatisticTable, statisticTablesOf } from '../../statistics/index.js';
import type { ImportEntry } from './import-entry.js';
import { linesOf, LONGEST_ROW } from './import-text.js';
import { JSONL_FORMAT, JSONL_VERSION } from '../jsonl-record.js';

type JsonRecord = Readonly<Record<string, unknown>>;

const EXPECTED_HEADER = `Expected a header: {"record":"header","format":"${JSONL_FORMAT}","version":${String(JSONL_VERSION)}}.`;

/**
 * Yields the records of a JSON Lines file. It ends at a header that cannot be used, because the rest cannot be read
 * reliably.
 */
export async function* jsonlEntries(database: Database, text: AsyncIterable<string>): AsyncGenerator<ImportEntry> {
  let custom: StatisticTable | null | undefined;
  let line = 0;
  for await (const json of linesOf(text)) {
    line++;
    if (json.trim() === '') continue;
    const record = recordOf(json);
    if (custom === undefined || (typeof record !== 'string' && record['record'] === 'header')) {
      const header = typeof record === 'string' ? EXPECTED_HEADER : headerOf(database, record);
      if (typeof header === 'string') {
        yield { line, problem: header };
        return;
      }
      custom = header;
    } else if (typeof record === 'string') {
      yield { line, problem: record };
    } else {
      if (record['record'] === 'metric' && record['derived'] === true) continue; // the application defines it
      yield entryOf(database, custom, record, line);
    }
  }
  if (custom === undefined) yield { line: 1, problem: `The file is empty. ${EXPECTED_HEADER}` };
}

/** or why it is none */
function recordOf(json: string): JsonRecord | string {
  if (json.length > LONGEST_ROW) return `The line is longer than ${String(LONGEST_ROW)} characters.`;
  try {
    const record: unknown = JSON.parse(json);
    if (typeof record === 'object' && record !== null && !Array.isArray(record)) return record as JsonRecord;
  } catch {
    // no JSON is no object either
  }
  return `Expected a JSON object on one line, not ${shown(json)}.`;
}

/** the custom statistic that a header names, null for none, or why it cannot be used */
function headerOf(
  database: Database,
  { record, format, version, statistic }: JsonRecord,
): StatisticTable | null | string {
  if (record !== 'header' || format !== JSONL_FORMAT) return EXPECTED_HEADER;
  if (version !== JSONL_VERSION) return `The file is of version ${shown(version)}. ${EXPECTED_HEADER}`;
  if (statistic === undefined) return null;
  const known = statisticTablesOf(database).filter(({ kind }) => kind === 'custom');
  const names = known.map(({ table }) => table.metadata.tableNameWithoutPrefix);
  return (
    known[names.findIndex((name) => name === statistic)] ??
    `No custom statistic has the table ${shown(statistic)} here (${names.join(', ') || 'there is none'}): register it with forRoot or forFeature.`
  );
}

function entryOf(database: Database, custom: StatisticTable | null, record: JsonRecord, line: number): ImportEntry {
  switch (record['record']) {
    case 'metric': {
      const { metric: key, domain_name: domainName, name, description, unit, better, gauge } = record;
      return { line, metric: { key, domainName, name, description: description ?? undefined, unit, better, gauge } };
    }
    case 'coverage': {
      const { metric: key, period, scope, from, through, kind, fingerprint } = record;
      const { time_zone: timeZone, computed_at: computedAt } = record;
      return { line, coverage: { key, period, scope, from, through, timeZone, kind, fingerprint, computedAt } };
    }
    case 'annotation': {
      const { date, at, text, domain, domain_name: domainName, key } = record;
      return { line, annotation: { date, at, text, domain, domainName, key } };
    }
    case undefined:
      return valueOf(database, custom, record, line);
    default:
      return {
        line,
        problem: `Unknown record: ${shown(record['record'])}. Expected header, metric, coverage, annotation, or none for a value.`,
      };
  }
}

function valueOf(
  database: Database,
  custom: StatisticTable | null,
  { metric: key, period, date, start, object, dimensions, value }: JsonRecord,
  line: number,
): ImportEntry {
  const common = { key, period, date, start, value };
  if (custom !== null) {
    if (!isRecord(dimensions) || object !== undefined) {
      return { line, problem: `Expected the dimensions of ${custom.entity.name}, as the header says, and no object.` };
    }
    const unknown = Object.keys(dimensions).find((name) => !custom.keys.some(({ property }) => property === name));
    if (unknown !== undefined) return { line, problem: `${custom.entity.name} has no dimension ${shown(unknown)}.` };
    return { line, value: { ...common, table: custom, keys: dimensions } };
  }
  if (dimensions !== undefined) return { line, problem: 'There are dimensions, and the header names no statistic.' };
  if (object === undefined) {
    return { line, value: { ...common, table: builtInTable(database, 'total', 'date'), keys: {} } };
  }
  if (!isRecord(object)) return { line, problem: `object is ${shown(object)}. Expected {"type":…,"id":…}.` };
  const table = builtInTable(database, 'object', 'date');
  return { line, value: { ...common, table, keys: { objectType: object['type'], objectId: object['id'] } } };
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
