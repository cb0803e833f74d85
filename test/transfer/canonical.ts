import { addDays } from '../../lib/time/local-date.js';
import { HOSTILE_IDS } from './hostile-ids.js';

type Format = 'csv' | 'jsonl';

const KEY = 'shop/orders';
const HEADS: Readonly<Record<Format, string>> = {
  csv: 'metric,domain_name,metric_name,period,date,object_type,object_id,value\n',
  jsonl:
    '{"record":"header","format":"nestjs-trackstats","version":1}\n' +
    '{"record":"metric","metric":"shop/orders","domain_name":"Shop, \\"the\\"","name":"=Orders","description":null}\n',
};

/**
 * An export of statistics by object, one for each of some dates and objects, written here without the library: what
 * every database must give back byte for byte, however it came there.
 */
export function* canonicalExport(format: Format, dates: number, objects: number): Generator<string> {
  yield HEADS[format];
  const ids = Array.from({ length: objects }, (_, place) => {
    const hostile = HOSTILE_IDS[place % HOSTILE_IDS.length] ?? '';
    return `${hostile}${String(Math.floor(place / HOSTILE_IDS.length))}`;
  }).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (let day = 0; day < dates; day++) {
    const date = addDays('2020-01-01', day);
    yield ids.map((id, place) => line(format, date, id, valueOf(day, place))).join('');
  }
}

function valueOf(day: number, place: number): string | null {
  if (place % 97 === 0) return null;
  return place % 5 === 0 ? `-${String(day + 1)}${'7'.repeat(20)}.${String(place)}1` : String(day * place);
}

function line(format: Format, date: string, id: string, value: string | null): string {
  if (format === 'jsonl') {
    return `${JSON.stringify({ metric: KEY, period: 'LIFETIME', date, object: { type: 'page', id }, value })}\n`;
  }
  const names = `${KEY},"Shop, ""the""",'=Orders`;
  return `${names},LIFETIME,${date},page,${cell(id)},${value ?? ''}\n`;
}

/** as the documentation says, and nothing of the library's */
function cell(id: string): string {
  const isRun = ["'", '=', '+', '-', '@', '\t', '\r', '\n', '＝'].includes(id[0] ?? '') || id.startsWith(' =');
  const text = isRun ? `'${id}` : id;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
