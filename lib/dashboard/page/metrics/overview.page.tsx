import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { periodLabel } from '../../../time/period-text.js';
import { minutesOf } from '../../../chart/moments.js';
import type { SummaryItem } from '../../../http/resources.js';
import { hrefOf, OVERVIEW, type OverviewAddress, type Sort } from '../address.js';
import { useAnswer } from '../parts/answer.js';
import { Choices, Controls, Field, Select, Together } from '../parts/controls.js';
import { useDashboard } from '../parts/dashboard.js';
import { formatDates, plural } from '../parts/format.js';
import { Heading } from '../parts/heading.js';
import { announce, Notice } from '../parts/notice.js';
import { troubleCounts, troubleText } from '../parts/trouble.js';
import { lastDayNote } from '../metric/comparison.js';
import { daysOf, fits, fittingPresets, presetChoices } from '../metric/range.js';
import { useFavourites } from './favourites.js';
import { loadOverview, type Overview, sinceOf } from './overview.data.js';
import { byDomain, type DomainGroup, listed, type ListProps } from './overview.list.js';
import { datesOf } from './overview.words.js';
import { MetricTable } from './overview.table.js';
import { MetricTiles } from './overview.tiles.js';

/** All metrics at a glance, by domain. */
export function OverviewPage({ address }: { address: OverviewAddress }): JSX.Element {
  const key = JSON.stringify([address.period, address.range]);
  const { data, error, isLoading, again } = useAnswer(key, (signal) => loadOverview(address, signal));
  return (
    <div class="stack" aria-busy={data === null && error === null}>
      <div class="row spread">
        <Heading title="Metrics" />
        <TrackerState />
      </div>
      {error !== null && <Notice error={error} again={again} />}
      {data === null && error === null && <p class="quiet">Loading …</p>}
      {data !== null && <Metrics address={address} overview={data} isLoading={isLoading} />}
    </div>
  );
}

/** Says in words that the numbers below can be trusted, or not: the badge in the navigation is silent while all is well. */
function TrackerState(): JSX.Element | null {
  const { trackers } = useDashboard();
  const all = trackers.data?.data.trackers ?? [];
  if (all.length === 0) return null;
  const counts = troubleCounts(all);
  return (
    <a
      class={`status ${counts.failed > 0 ? 'failed' : counts.late > 0 ? 'late' : 'succeeded'}`}
      href={hrefOf({ page: 'trackers' })}
    >
      {plural(all.length, 'tracker')}: {troubleText(counts)}
    </a>
  );
}

interface MetricsProps {
  readonly address: OverviewAddress;
  readonly overview: Overview;
  readonly isLoading: boolean;
}

function Metrics({ address, overview, isLoading }: MetricsProps): JSX.Element {
  const [favourites, onFavourite] = useFavourites();
  const { items } = overview;
  const found = useMemo(
    () => listed(items, address),
    [items, address.search, address.domain, address.sort, address.order],
  );
  const groups = useMemo(() => byDomain(found), [found]);
  const marked = found.filter(({ metric }) => favourites.includes(metric.key));
  useEffect(() => {
    if (address.search !== '') announce(plural(found.length, 'metric'));
  }, [address.search, found.length]);
  const common = { address, favourites, onFavourite };
  if (items.length === 0) {
    return (
      <p class="card quiet">
        There are no metrics yet. A metric is stored when something is first recorded for it: when a tracker first runs,
        for instance.
      </p>
    );
  }
  return (
    <>
      <Toolbar address={address} overview={overview} />
      <Compared overview={overview} sort={address.sort} />
      <div class="columns" aria-busy={isLoading}>
        <DomainIndex address={address} items={items} />
        <div class="stack">
          {found.length === 0 && (
            <p class="card quiet">
              No metric has that in its name or description. <a href={hrefOf(OVERVIEW)}>Show all metrics</a>
            </p>
          )}
          {marked.length > 0 && <Group {...common} id="favourites" caption="Favourites" items={marked} />}
          {groups.map((group: DomainGroup) => (
            <Group {...common} key={group.ref} id={group.ref} caption={group.name} items={group.items} />
          ))}
        </div>
      </div>
    </>
  );
}

interface ComparedProps {
  readonly overview: Overview;
  readonly sort: OverviewAddress['sort'];
}

/** The dates that most metrics show, and those that they are compared with. */
function Compared({ overview, sort }: ComparedProps): JSX.Element | null {
  const { items, range, comparison, today } = overview;
  if (range.from === null) return null;
  const own = items.flatMap(({ summary }) => (summary === null || summary.kind === 'last' ? [] : [summary]));
  const compared = commonest(own.flatMap((summary) => (summary.comparison === null ? [] : [summary.comparison])));
  const note = comparison === null ? null : lastDayNote(comparison, range, today);
  return (
    <p class="quiet small compared">
      {(overview.preset === '24h' ? commonest(own) : undefined) ?? formatDates(range.from, range.to)}
      {compared !== undefined && `, compared with ${compared}`}
      {compared !== undefined && note !== null && `. ${note}`}
      {sort === 'change' && !items.some(isChanged) && '. No change is known to sort by.'}
    </p>
  );
}

/** The dates that most ranges have, or those of the first. */
function commonest(ranges: readonly Parameters<typeof datesOf>[0][]): string | undefined {
  const spans = ranges.map(datesOf);
  return spans.find((span) => spans.filter((one) => one === span).length * 2 > spans.length) ?? spans[0];
}

function isChanged({ summary }: SummaryItem): boolean {
  return (summary?.comparison?.relative ?? null) !== null;
}

function Group({ id, ...list }: ListProps & { id: string }): JSX.Element {
  const headingId = `domain-${id}`;
  return (
    <section class="group" aria-labelledby={headingId}>
      <h2 id={headingId}>
        {list.caption} <span class="quiet count">{list.items.length}</span>
      </h2>
      {list.address.as === 'table' ? <MetricTable {...list} /> : <MetricTiles {...list} />}
    </section>
  );
}

const SORT_LABELS: readonly { value: `${Sort} ${'asc' | 'desc'}`; label: string }[] = [
  { value: 'name asc', label: 'Name' },
  { value: 'value desc', label: 'Greatest value' },
  { value: 'value asc', label: 'Least value' },
  { value: 'change desc', label: 'Greatest rise' },
  { value: 'change asc', label: 'Greatest fall' },
  { value: 'name desc', label: 'Name, from Z' },
];

function Toolbar({ address, overview }: { address: OverviewAddress; overview: Overview }): JSX.Element {
  const { go, rewrite } = useDashboard();
  const { today, preset, items } = overview;
  const change = (part: Partial<OverviewAddress>): void => {
    go({ ...address, ...part });
  };
  const hasTimes = items.some((item) => item.periods.some((name) => minutesOf(name) !== null));
  const presets = fittingPresets(null, hasTimes, today, null);
  // of a year there are too many minutes
  const periods = periodsOf(items).filter((name) => fits(name, daysOf(overview.range)));
  const { period, sort, order, as } = address;
  const changed = [period !== '', sort !== 'name' || order !== 'asc', as !== 'tiles'].filter(Boolean).length;
  const first = (
    <>
      <Field label="Search">
        <input
          type="search"
          value={address.search}
          autocomplete="off"
          spellcheck={false}
          placeholder="Name or description"
          onInput={(event) => {
            rewrite({ ...address, search: event.currentTarget.value });
          }}
        />
      </Field>
      <Field label="Range">
        <Select
          class="range"
          choices={presetChoices(presets, today, sinceOf(items, today))}
          value={preset}
          onChange={(value) => {
            change({ range: value });
          }}
        />
      </Field>
    </>
  );
  return (
    <Controls label="Which metrics are shown" first={first} changed={changed}>
      <Together>
        {periods.length > 1 && (
          <Field label="Period">
            <Select
              choices={[
                { value: '', label: 'Each metric’s own' },
                ...periods.map((value) => ({ value, label: periodLabel(value) })),
              ]}
              value={periods.includes(period) ? period : ''}
              onChange={(value) => {
                change({ period: value });
              }}
            />
          </Field>
        )}
        <Field label="Sort by">
          <Select
            choices={SORT_LABELS}
            value={`${sort} ${order}`}
            onChange={(value) => {
              const [by, direction] = value.split(' ') as [Sort, 'asc' | 'desc'];
              change({ sort: by, order: direction });
            }}
          />
        </Field>
        <Choices
          legend="Show as"
          choices={[
            { value: 'tiles' as const, label: 'Tiles' },
            { value: 'table' as const, label: 'Table' },
          ]}
          value={as}
          onChange={(value) => {
            change({ as: value });
          }}
        />
      </Together>
    </Controls>
  );
}

/** The periods that some metric has, in the order in which the interface lists them. */
function periodsOf(items: readonly SummaryItem[]): string[] {
  const longest = [...items].sort((a, b) => b.periods.length - a.periods.length);
  return [...new Set(longest.flatMap(({ periods }) => periods))];
}

function DomainIndex({
  address,
  items,
}: {
  address: OverviewAddress;
  items: readonly SummaryItem[];
}): JSX.Element | null {
  const groups = useMemo(() => byDomain(items), [items]);
  if (groups.length < 2) return null;
  const link = (domain: string, name: string, count: number): JSX.Element => (
    <li key={domain}>
      <a href={hrefOf({ ...address, domain })} aria-current={address.domain === domain ? 'true' : undefined}>
        <span>{name}</span> <span class="quiet count">{count}</span>
      </a>
    </li>
  );
  return (
    <nav class="domains" aria-label="Domains">
      <ul>
        {link('', 'All domains', items.length)}
        {groups.map(({ ref, name, items: own }) => link(ref, name, own.length))}
      </ul>
    </nav>
  );
}
