import type { JSX } from 'preact';
import type { RankingResponse, TopItem } from '../../../http/resources.js';
import { hrefOf, type MetricAddress, type Rank } from '../address.js';
import { get } from '../api.js';
import { useAnswer } from '../parts/answer.js';
import { useDashboard } from '../parts/dashboard.js';
import { Change } from '../parts/change.js';
import { formatChange, formatNumber, formatShare, plural } from '../parts/format.js';
import { Notice } from '../parts/notice.js';
import { followRow } from '../parts/row-link.js';
import { SortHeader } from '../parts/sort-header.js';
import { datesOf } from '../metrics/overview.words.js';
import { isLive, nameOf, type Shown } from './metric.data.js';
import { partId } from './metric.scope.js';

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
    compare: shown.comparison,
    // what is not compared has nothing else to be sorted by
    sort: shown.comparison === null ? 'value' : address.rank,
    order: address.order,
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
  const { items, total, count, offset, metric, comparison } = ranking;
  if (items.length === 0) {
    return (
      <p class="quiet padded">
        {address.search === '' ? 'Nothing has a value in this range.' : 'None has that in its name or id.'}
      </p>
    );
  }
  const hasShares = total !== null && total > 0 && items.every(({ value }) => value === null || value >= 0);
  const isCompared = comparison?.known === true;
  const others = count - items.length;
  // shares are of all objects, so a search leaves others without a number of their own
  const isWhole = total !== null && address.search.trim() === '';
  const totalBefore = comparison?.total ?? null;
  const sum = { value: total ?? 0, before: totalBefore };
  const rest = {
    value: sum.value - items.reduce((all, { value }) => all + (value ?? 0), 0),
    before: totalBefore === null ? null : totalBefore - items.reduce((all, { before }) => all + (before ?? 0), 0),
  };
  const cells = (one: Compared): JSX.Element => (
    <>
      <td class="number">{formatNumber(one.value, metric.unit)}</td>
      {isCompared && <ChangeCells one={one} metric={metric} />}
      {hasShares && <ShareCell value={one.value ?? 0} total={total} />}
    </>
  );
  return (
    <>
      {comparison !== null && (
        <p class="quiet small padded-sides">
          {isCompared
            ? `Compared with ${datesOf(comparison)}.`
            : `Not compared with ${datesOf(comparison)}: not all of these dates are known.`}
        </p>
      )}
      <table class={isCompared ? 'ranking compared' : 'ranking'}>
        <caption class="hidden">Ranking</caption>
        <Head address={address} isCompared={isCompared} hasShares={hasShares} />
        <tbody>
          {items.map((item, place) => (
            <tr key={partId(item)} class="link" onClick={followRow}>
              <td class="place number quiet">{address.search.trim() === '' ? offset + place + 1 : ''}</td>
              <th scope="row">
                <PlaceName address={address} item={item} />
              </th>
              {cells({ value: item.value, before: item.before ?? null })}
            </tr>
          ))}
          {isWhole && others > 0 && (
            <tr class="quiet">
              <td class="place" />
              <th scope="row">{plural(others, 'other')}</th>
              {cells(rest)}
            </tr>
          )}
        </tbody>
        {isWhole && (
          <tfoot>
            <tr class="sum">
              <td class="place" />
              <th scope="row">All</th>
              {cells(sum)}
            </tr>
          </tfoot>
        )}
      </table>
    </>
  );
}

interface HeadProps {
  readonly address: MetricAddress;
  readonly isCompared: boolean;
  readonly hasShares: boolean;
}

function Head({ address, isCompared, hasShares }: HeadProps): JSX.Element {
  const { go } = useDashboard();
  const sorted = isCompared ? address.rank : 'value';
  const header = (rank: Rank, label: string): JSX.Element => (
    <SortHeader
      class="number"
      order={sorted === rank ? address.order : null}
      first="desc"
      onSort={(order) => {
        go({ ...address, rank, order, place: 0 });
      }}
    >
      {label}
    </SortHeader>
  );
  return (
    <thead>
      <tr>
        <th scope="col" class="place number">
          #
        </th>
        <th scope="col">Name</th>
        {header('value', 'Value')}
        {isCompared && header('before', 'Before')}
        {isCompared && header('change', 'Change')}
        {hasShares && (
          <th scope="col" class="number share">
            Share
          </th>
        )}
      </tr>
    </thead>
  );
}

interface Compared {
  readonly value: number | null;
  readonly before: number | null;
}

/** The earlier value, and the change as a number, by which places can be sorted. */
function ChangeCells({ one, metric }: { one: Compared; metric: RankingResponse['metric'] }): JSX.Element {
  const { value, before } = one;
  const { unit, better } = metric;
  const absolute = value === null || before === null ? null : value - before;
  const relative = absolute === null || before === null || before === 0 ? null : absolute / Math.abs(before);
  return (
    <>
      <td class="number quiet">{formatNumber(before, unit)}</td>
      <td class="number change-cell">
        <Change relative={null} absolute={absolute} unit={unit} better={better} />
        {relative !== null && relative !== 0 && <small class="quiet">{formatChange(relative)}</small>}
      </td>
    </>
  );
}

function PlaceName({ address, item }: { address: MetricAddress; item: TopItem }): JSX.Element {
  const href = hrefOf({ ...address, object: partId(item), hidden: [], search: '', place: 0, as: 'lines' });
  return <a href={href}>{nameOf(item.object, item.dimensions)}</a>;
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
