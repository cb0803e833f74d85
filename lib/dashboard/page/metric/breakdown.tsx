import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { periodLabel } from '../../../time/period-text.js';
import { minutesOf } from '../../../chart/moments.js';
import type { RankingResponse } from '../../../http/resources.js';
import { hrefOf, type MetricAddress } from '../address.js';
import { get, type Query } from '../api.js';
import { useDashboard } from '../parts/dashboard.js';
import { formatNumber, formatShare, formatShort } from '../parts/format.js';
import { type Answer, useLoaded } from '../parts/loaded.js';
import { Notice } from '../parts/notice.js';
import { followRow } from '../parts/row-link.js';
import { useSeen } from '../parts/visible.js';
import { isLive, nameOf, type Shown, type WholeRange } from './metric.data.js';
import { partId, type ScopeOption } from './metric.scope.js';
import { type Dates, isOfDates } from './range.js';

/** So many are read at a glance. The ranking has all. */
const ROWS = 5;

interface BreakdownsProps {
  readonly address: MetricAddress;
  readonly shown: Shown;
}

/** Milliseconds. Of very many objects a ranking is a long query, which the page then asks for once, and not each minute. */
const SLOW = 1_000;

/** Below the total of a metric: who or what it is made of, by each object type and custom statistic. */
export function Breakdowns({ address, shown }: BreakdownsProps): JSX.Element | null {
  const { whole, scopes } = shown;
  if (whole === null) return null;
  const parts = scopes.filter(({ by }) => by !== '');
  if (parts.length === 0) return null;
  return (
    <div class="breakdowns">
      {parts.map((scope) => {
        const own = wholeOf(scope, whole, shown.range);
        return own === null ? (
          <Unkept key={scope.by} address={address} scope={scope} period={whole.period} />
        ) : (
          <Breakdown key={scope.by} address={address} shown={shown} scope={scope} whole={own} />
        );
      })}
    </div>
  );
}

/** The range in a period that a scope has: whole days by hours are days too. Null if it has none that fits. */
function wholeOf({ periods }: ScopeOption, whole: WholeRange, range: Dates): WholeRange | null {
  const has = (period: string): boolean => periods.some(({ name }) => name === period);
  if (has(whole.period)) return whole;
  const { from, to } = range;
  const isOfDays = minutesOf(whole.period) !== null && from !== null && isOfDates(range);
  return isOfDays && has('DAY') ? { period: 'DAY', from, to } : null;
}

interface UnkeptProps {
  readonly address: MetricAddress;
  readonly scope: ScopeOption;
  readonly period: string;
}

/** Says why the parts of a range are not shown, and leads to where they are. */
function Unkept({ address, scope, period }: UnkeptProps): JSX.Element {
  const { label, by, periods } = scope;
  const kept = periods.map(({ name }) => periodLabel(name).toLowerCase());
  const canBeDays = minutesOf(period) !== null && periods.some(({ name }) => name === 'DAY');
  return (
    <section class="card flush breakdown">
      <h2>
        <a href={hrefOf({ ...address, period: null, by, hidden: [], search: '', place: 0 })}>{label}</a>
      </h2>
      <p class="quiet padded">
        Not kept by {periodLabel(period).toLowerCase()}, only by {kept.join(', ')}.
        {canBeDays && ' Choose a range of whole days to see it.'}
      </p>
    </section>
  );
}

interface BreakdownProps extends BreakdownsProps {
  readonly scope: ScopeOption;
  readonly whole: WholeRange;
}

function Breakdown(props: BreakdownProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const isSeen = useSeen(place);
  return <div ref={place}>{isSeen && <SeenBreakdown {...props} />}</div>;
}

function SeenBreakdown({ address, shown, scope, whole }: BreakdownProps): JSX.Element {
  const query: Query = {
    metric: address.metric,
    ...whole,
    ...scope.query,
    live: isLive(address, shown.choice) ? 'true' : null,
    limit: ROWS,
  };
  const { data, error, isLoading, again } = useRanking(query);
  const all = hrefOf({ ...address, by: scope.by, hidden: [], search: '', place: 0 });
  return (
    <section class="card flush breakdown" aria-busy={data === null ? error === null : isLoading}>
      <h2>
        <a href={all}>{scope.label}</a>
      </h2>
      {error !== null && <Notice error={error} again={again} />}
      {data !== null && <Places address={address} scope={scope} ranking={data} />}
      {data !== null && data.count > data.items.length && (
        <p class="padded small">
          <a href={all}>
            All {formatNumber(data.count)}
            <span class="hidden"> {scope.label}</span>
          </a>
        </p>
      )}
    </section>
  );
}

function useRanking(query: Query): Answer<RankingResponse> {
  const { tick } = useDashboard();
  const [asked, setAsked] = useState(tick);
  const isSlow = useRef(false);
  useEffect(() => {
    if (!isSlow.current) setAsked(tick);
  }, [tick]);
  return useLoaded(asked, JSON.stringify(query), async (signal) => {
    const began = performance.now();
    const { data } = await get<RankingResponse>(['ranking'], query, signal);
    isSlow.current = performance.now() - began > SLOW;
    return data;
  });
}

interface PlacesProps {
  readonly address: MetricAddress;
  readonly scope: ScopeOption;
  readonly ranking: RankingResponse;
}

function Places({ address, scope, ranking: { items, total, metric } }: PlacesProps): JSX.Element {
  if (items.length === 0) return <p class="quiet padded">Nothing has a value in this range.</p>;
  const greatest = items.reduce((most, { value }) => Math.max(most, value ?? 0), 0);
  const hasShares = total !== null && total > 0 && items.every(({ value }) => value === null || value >= 0);
  return (
    <table>
      <caption class="hidden">{scope.label}</caption>
      <thead class="hidden">
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Value</th>
          {hasShares && <th scope="col">Share</th>}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={partId(item)} class="link" onClick={followRow}>
            <th scope="row">
              <span
                class="length"
                style={{ width: `${greatest > 0 ? (Math.max(0, item.value ?? 0) / greatest) * 100 : 0}%` }}
                aria-hidden="true"
              />
              <a class="name" href={hrefOf({ ...address, by: scope.by, object: partId(item), hidden: [], place: 0 })}>
                {nameOf(item.object, item.dimensions)}
              </a>
            </th>
            <td class="number" title={formatNumber(item.value, metric.unit)}>
              {formatShort(item.value, metric.unit)}
            </td>
            {hasShares && <td class="number quiet">{formatShare((item.value ?? 0) / total)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
