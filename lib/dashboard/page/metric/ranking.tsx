import type { JSX } from 'preact';
import type { RankingResponse, TopItem } from '../../../http/resources.js';
import { hrefOf, type MetricAddress } from '../address.js';
import { get } from '../api.js';
import { useAnswer } from '../parts/answer.js';
import { useDashboard } from '../parts/dashboard.js';
import { formatNumber, formatShare, plural } from '../parts/format.js';
import { Notice } from '../parts/notice.js';
import { isLive, nameOf, type Shown } from './metric.data.js';

const ROWS = 20;

interface RankingProps {
  readonly address: MetricAddress;
  readonly shown: Shown;
}

/** All objects or groups of the range, the greatest first, with their share of the whole. */
export function RankingTable({ address, shown }: RankingProps): JSX.Element {
  const { rewrite } = useDashboard();
  const { choice } = shown;
  const { period, from, to } = shown.whole ?? { period: choice.period.name, from: shown.range.to, to: shown.range.to };
  const query = {
    metric: address.metric,
    period,
    from,
    to,
    ...choice.scope.query,
    live: isLive(address, choice) ? 'true' : null,
    search: address.search.trim() === '' ? null : address.search.trim(),
    limit: ROWS,
    offset: address.place * ROWS,
  };
  const { data, error, isLoading, again } = useAnswer(JSON.stringify(query), async (signal) => {
    return (await get<RankingResponse>(['ranking'], query, signal)).data;
  });
  return (
    <section class="card flush">
      <div class="row spread padded">
        <h2>{choice.scope.label}</h2>
        <input
          type="search"
          class="no-print"
          aria-label="Search the ranking"
          placeholder="Name or id"
          value={address.search}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => {
            rewrite({ ...address, search: event.currentTarget.value, place: 0 });
          }}
        />
      </div>
      {error !== null && <Notice error={error} again={again} />}
      {data !== null && (
        <div aria-busy={isLoading}>
          <Places address={address} ranking={data} />
          <Paging address={address} count={data.count} />
        </div>
      )}
    </section>
  );
}

function Places({ address, ranking }: { address: MetricAddress; ranking: RankingResponse }): JSX.Element {
  const { items, total, count, offset, metric } = ranking;
  if (items.length === 0) {
    return (
      <p class="quiet padded">
        {address.search === '' ? 'Nothing has a value in this range.' : 'None has that in its name or id.'}
      </p>
    );
  }
  const hasShares = total !== null && total > 0 && items.every(({ value }) => value === null || value >= 0);
  const shown = items.reduce((sum, { value }) => sum + (value ?? 0), 0);
  const others = count - items.length;
  // shares are of all objects, so a search leaves others without a number of their own
  const rest = hasShares && others > 0 && address.search.trim() === '' ? total - shown : null;
  return (
    <table class="ranking">
      <caption class="hidden">Ranking</caption>
      <thead>
        <tr>
          <th scope="col" class="place number">
            #
          </th>
          <th scope="col">Name</th>
          <th scope="col" class="number">
            Value
          </th>
          {hasShares && (
            <th scope="col" class="number share">
              Share
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {items.map((item, place) => (
          <tr key={item.object?.id ?? JSON.stringify(item.dimensions)}>
            <td class="place number quiet">{address.search.trim() === '' ? offset + place + 1 : ''}</td>
            <th scope="row">
              <PlaceName address={address} item={item} />
            </th>
            <td class="number">{formatNumber(item.value, metric.unit)}</td>
            {hasShares && <ShareCell value={item.value ?? 0} total={total} />}
          </tr>
        ))}
        {rest !== null && (
          <tr>
            <td class="place" />
            <th scope="row" class="quiet">
              {plural(others, 'other')}
            </th>
            <td class="number quiet">{formatNumber(rest, metric.unit)}</td>
            <ShareCell value={rest} total={total ?? 1} />
          </tr>
        )}
      </tbody>
    </table>
  );
}

function PlaceName({ address, item }: { address: MetricAddress; item: TopItem }): JSX.Element {
  const name = nameOf(item.object, item.dimensions);
  if (item.object === undefined) return <>{name}</>;
  const href = hrefOf({ ...address, object: item.object.id, hidden: [], search: '', place: 0, as: 'lines' });
  return <a href={href}>{name}</a>;
}

function ShareCell({ value, total }: { value: number; total: number }): JSX.Element {
  const share = Math.max(0, value / total);
  return (
    <td class="number share">
      <span class="share-bar" style={{ width: `${(share * 100).toFixed(1)}%` }} aria-hidden="true" />
      {formatShare(share)}
    </td>
  );
}

function Paging({ address, count }: { address: MetricAddress; count: number }): JSX.Element | null {
  const { go } = useDashboard();
  if (count <= ROWS) return null;
  const pages = Math.ceil(count / ROWS);
  const first = address.place * ROWS + 1;
  const turn = (place: number): void => {
    if (place >= 0 && place < pages) go({ ...address, place });
  };
  return (
    <nav class="row spread padded" aria-label="Pages of the ranking">
      <span class="quiet small">
        {formatNumber(first)} – {formatNumber(Math.min(count, first + ROWS - 1))} of {formatNumber(count)}
      </span>
      <span class="row no-print">
        <button
          type="button"
          aria-disabled={address.place === 0}
          onClick={() => {
            turn(address.place - 1);
          }}
        >
          Previous
        </button>
        <button
          type="button"
          aria-disabled={address.place >= pages - 1}
          onClick={() => {
            turn(address.place + 1);
          }}
        >
          Next
        </button>
      </span>
    </nav>
  );
}
