import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { periodLabel } from '../../../time/period-text.js';
import { minutesOf } from '../../../chart/moments.js';
import { changeOf } from '../../../catalog/number-text.js';
import { isWide } from '../../../chart/scale.js';
import type { CatalogMetric } from '../../../http/resources.js';
import { hrefOf, type MetricAddress, toMetric, toOverview, type View, zoomedIn, zoomedOut } from '../address.js';
import { Chart } from '../chart/chart.js';
import { DataTable } from '../chart/data-table.js';
import { chartGroups, type ChartSeries } from '../chart/layers.js';
import { Legend } from '../chart/legend.js';
import type { Point } from '../chart/tooltip.js';
import { useAnswer } from '../parts/answer.js';
import { Checkbox, Choices } from '../parts/controls.js';
import { useDashboard } from '../parts/dashboard.js';
import { formatNumber, lowered, plural } from '../parts/format.js';
import { Heading } from '../parts/heading.js';
import { announce, Notice } from '../parts/notice.js';
import { pointLabel } from '../parts/period.js';
import { TroubleBadge } from '../parts/trouble-badge.js';
import { troublesOf } from '../parts/trouble.js';
import { Unanswered } from '../parts/unanswered.js';
import { save } from '../parts/save.js';
import { Breakdowns } from './breakdown.js';
import { annotationsQuery, loadAnnotations, type Marks, marksOf, NO_MARKS } from './annotation.marks.js';
import { exportRows, toCsv, toJsonLines } from './export.js';
import { Freshness } from './freshness.js';
import { MetricAlerts } from './metric.alerts.js';
import { MetricControls } from './metric.controls.js';
import {
  isLive,
  isRanked,
  labelAt,
  load,
  type Loaded,
  OTHERS,
  type Shown,
  type ShownSeries,
  stateAt,
} from './metric.data.js';
import { Figures, LineFigures, LinesTitle } from './metric.figures.js';
import { RankingTable } from './ranking.js';

/** The parts of an address that change what is asked for, and not only how it is shown. */
function keyOf(address: MetricAddress): string {
  const { metric, period, range, from, to, compare, by, object, top, isLive } = address;
  const isStacked = isRanked(address) && address.as === 'bars';
  return JSON.stringify([metric, address.with, period, range, from, to, compare, by, object, top, isLive, isStacked]);
}

/** One metric: the range that is shown in figures, its chart, and what of it can be shown. */
export function MetricPage({ address }: { address: MetricAddress }): JSX.Element {
  const { data, error, isLoading, again } = useAnswer(keyOf(address), (signal) => load(address, signal));
  useChangeAnnouncement(keyOf(address), isLoading);
  if (data === null) {
    return (
      <Unanswered error={error} again={again}>
        <Explanation metric={address.metric} />
      </Unanswered>
    );
  }
  const [metric] = data.metrics;
  return (
    <div class={`stack ${address.isEmbedded ? 'embedded' : ''}`}>
      {metric !== undefined && <MetricHeading metric={metric} address={address} data={data} />}
      {error !== null && <Notice error={error} again={again} />}
      {data.choice === null ? (
        <p class="card quiet">
          This metric has no statistics yet. They appear when its tracker has run, or when a value is recorded.
        </p>
      ) : (
        <Content address={address} shown={data} isLoading={isLoading} />
      )}
    </div>
  );
}

/** A metric is stored when its tracker has run for the first time: until then it cannot be shown. */
function Explanation({ metric }: { metric: string }): JSX.Element | null {
  const { trackers } = useDashboard();
  const [first] = troublesOf([metric], trackers.data?.data.trackers ?? []);
  if (first === undefined) return null;
  const { name } = first.tracker;
  return (
    <p>
      Its tracker <a href={hrefOf({ page: 'tracker', tracker: name })}>{name}</a>{' '}
      {first.trouble === 'failed' ? 'failed' : 'is late'}.
    </p>
  );
}

/** Tells screen readers when another range or period is shown, but not the first time. */
function useChangeAnnouncement(key: string, isLoading: boolean): void {
  const first = useRef(key);
  useEffect(() => {
    if (!isLoading && first.current !== key) announce('The chart is up to date.');
    if (!isLoading) first.current = key;
  }, [key, isLoading]);
}

interface HeadingProps {
  readonly metric: CatalogMetric;
  readonly address: MetricAddress;
  readonly data: Loaded;
}

function MetricHeading({ metric, address, data }: HeadingProps): JSX.Element {
  const { domain, name, key, description } = metric;
  const { range, from, to } = address;
  const [object, part] = data.choice === null || address.object === null ? [null, null] : [data.object, data.part];
  const title = part === null ? name : `${part}: ${name}`;
  if (address.isEmbedded) return <Heading title={title} />;
  return (
    <div class="heading">
      <p class="quiet small">
        <a href={hrefOf(toOverview(address, domain.ref))}>{domain.name}</a> · <code>{key}</code>
        {data.choice !== null && part !== null && (
          <>
            {' · '}
            <a href={hrefOf(toMetric(key, { by: address.by, range, from, to }))}>
              All {lowered(data.choice.scope.label)}
            </a>
          </>
        )}
        {object !== null && (
          <>
            {' · '}
            <a href={hrefOf({ page: 'object', type: object.type, id: object.id, range, from, to })}>
              All metrics of {part}
            </a>
          </>
        )}
      </p>
      <Heading title={title} />
      {description !== null && description !== '' && <p class="quiet">{description}</p>}
      {data.choice !== null && <Freshness shown={data} />}
      <p>
        <TroubleBadge keys={metric.derivedFrom ?? [key]} />
      </p>
      <MetricAlerts metric={metric} object={object} />
    </div>
  );
}

interface ContentProps {
  readonly address: MetricAddress;
  readonly shown: Shown;
  readonly isLoading: boolean;
}

function Content({ address, shown, isLoading }: ContentProps): JSX.Element {
  // until the answer to a new choice arrives, what is shown is of the earlier one
  const hasRanking = isRanked(address) && !address.isEmbedded && shown.choice.scope.by === address.by;
  const hasBreakdowns =
    !address.isEmbedded && address.by === null && shown.choice.scope.by === '' && shown.metrics.length === 1;
  const { marks, left } = useMarks(shown);
  const isEmpty = shown.dates.length === 0 || shown.lines.length === 0;
  return (
    <>
      {!address.isEmbedded && <MetricControls address={address} shown={shown} />}
      <div class="stack" aria-busy={isLoading}>
        {isEmpty ? (
          <p class="card quiet">Nothing is known for these dates. Choose a longer range.</p>
        ) : (
          <>
            <Drawing address={address} shown={shown} marks={marks} />
            {left > 0 && (
              <p class="quiet small">
                {plural(left, 'earlier annotation')} of this range {left === 1 ? 'is' : 'are'} not marked. Choose a
                shorter range to see {left === 1 ? 'it' : 'them'}.
              </p>
            )}
            {hasRanking && <RankingTable address={address} shown={shown} />}
            {hasBreakdowns && <Breakdowns address={address} shown={shown} />}
          </>
        )}
        {!address.isEmbedded && <Footer address={address} shown={shown} />}
      </div>
    </>
  );
}

/** The annotations of what is shown. They come after it, so that nothing waits for them. */
function useMarks(shown: Shown): { marks: Marks; left: number } {
  const { metrics, dates, period, choice } = shown;
  const domains = metrics.map(({ domain }) => domain.ref).join('\n');
  const timeZone = choice.period.coverage?.timeZone ?? null;
  const chart = useMemo(() => ({ dates, period, timeZone }), [dates, period, timeZone]);
  const query = useMemo(() => annotationsQuery(domains.split('\n'), chart), [domains, chart]);
  const { data } = useAnswer(JSON.stringify(query), (signal) => loadAnnotations(query, signal));
  const marks = useMemo(() => (data === null ? NO_MARKS : marksOf(data.annotations, chart)), [data, chart]);
  return { marks, left: data?.left ?? 0 };
}

type DrawnSeries = ShownSeries & ChartSeries;

interface DrawingProps {
  readonly address: MetricAddress;
  readonly shown: Shown;
  readonly marks: Marks;
}

function Drawing({ address, shown, marks }: DrawingProps): JSX.Element {
  const { go } = useDashboard();
  const { metrics, period, dates } = shown;
  const title = `${metrics.map(({ name }) => name).join(', ')}, ${periodLabel(period).toLowerCase()}`;
  const others = address.as === 'bars' ? shown.others : null;
  const lines = useMemo(() => (others === null ? shown.lines : [...shown.lines, others]), [shown, others]);
  const places = useMemo(
    () => new Map(lines.map(({ id }, place) => [id, id === OTHERS ? null : place] as const)),
    [lines],
  );
  const visible = useMemo(
    () => lines.filter(({ id }) => !address.hidden.includes(id)),
    [lines, address.hidden.join('\n')],
  );
  const drawn = visible.length === 0 ? lines : visible;
  const groups = useMemo(() => {
    const series = drawn.map((line): DrawnSeries => ({ ...line, place: places.get(line.id) ?? null }));
    return chartGroups(series);
  }, [drawn, places]);
  const top = <Top address={address} shown={shown} />;
  if (address.as === 'table') {
    return (
      <div class="card flush">
        <div class="padded">{top}</div>
        <DataTable shown={shown} caption={title} marks={marks} />
      </div>
    );
  }
  return (
    <figure class="card">
      {top}
      {groups.map((group) => (
        <div key={groups.length === 1 ? 'all' : (group[0]?.id ?? '')}>
          <LineFigures shown={shown} drawn={group} />
          <Chart
            title={`${groups.length === 1 ? title : (group[0]?.label ?? '')}. The slider in it reads its values.`}
            dates={dates}
            period={period}
            series={group}
            as={address.as === 'bars' ? 'bars' : 'lines'}
            isLogarithmic={address.isLogarithmic}
            unit={group[0]?.unit}
            isShort={groups.length > 1}
            marked={[...marks.keys()]}
            pointAt={(place) => pointAt(shown, group, marks, place)}
            onRange={
              address.isEmbedded
                ? undefined
                : (first, last) => {
                    go(zoomedIn(address, dates[first] ?? null, dates[last] ?? null));
                  }
            }
            onLeaveRange={
              address.zoomedFrom === ''
                ? undefined
                : () => {
                    go(zoomedOut(address));
                  }
            }
          />
        </div>
      ))}
      {lines.length > 1 && (
        <Legend
          items={lines.map(({ id, label, metric }) => ({
            id,
            place: places.get(id) ?? null,
            label,
            onRemove: address.with.includes(metric)
              ? () => {
                  go({ ...address, with: address.with.filter((key) => key !== metric), hidden: [] });
                }
              : undefined,
          }))}
          hidden={visible.length === 0 ? [] : address.hidden}
          onHide={(hidden) => {
            go({ ...address, hidden });
          }}
        />
      )}
      {!address.isEmbedded && <Alternative shown={{ ...shown, lines }} title={title} marks={marks} />}
    </figure>
  );
}

const VIEWS: readonly { value: View; label: string }[] = [
  { value: 'lines', label: 'Lines' },
  { value: 'bars', label: 'Bars' },
  { value: 'table', label: 'Table' },
];

/** The range in figures, and the ways to show it. */
function Top({ address, shown }: { address: MetricAddress; shown: Shown }): JSX.Element {
  const { go } = useDashboard();
  return (
    <div class="row spread start">
      {shown.lines.length > 1 ? (
        <LinesTitle shown={shown} title={linesTitle(shown, address)} />
      ) : (
        <Figures shown={shown} />
      )}
      {!address.isEmbedded && (
        <div class="row end">
          {address.zoomedFrom !== '' && <ZoomOut address={address} />}
          {address.as === 'lines' && (address.isLogarithmic || shown.lines.some(isOfMagnitudes)) && (
            <Checkbox
              label="Log axis"
              title="Give each power of ten the same height, so that small values can be told apart"
              isChecked={address.isLogarithmic}
              onChange={(isLogarithmic) => {
                go({ ...address, isLogarithmic });
              }}
            />
          )}
          <Choices
            legend="Show as"
            choices={VIEWS}
            value={address.as}
            onChange={(as) => {
              go({ ...address, as });
            }}
          />
        </div>
      )}
    </div>
  );
}

function isOfMagnitudes({ values, before = [] }: ShownSeries): boolean {
  return isWide([...values, ...before]);
}

/** Leaves the part of a chart that was drawn over. It goes with that, so the focus of a keyboard moves to the chart. */
function ZoomOut({ address }: { address: MetricAddress }): JSX.Element {
  const { go } = useDashboard();
  return (
    <button
      type="button"
      class="no-print"
      onClick={({ currentTarget: button }) => {
        if (button.matches(':focus-visible')) button.closest('figure')?.querySelector<HTMLElement>('.walker')?.focus();
        go(zoomedOut(address));
      }}
    >
      Zoom out
    </button>
  );
}

function linesTitle({ metrics, choice, lines }: Shown, address: MetricAddress): string {
  if (!isRanked(address)) return metrics.length === 1 ? '' : `${metrics.length} metrics`;
  return `Top ${lines.length} ${lowered(choice.scope.label)}`;
}

function pointAt(shown: Shown, drawn: readonly DrawnSeries[], marks: Marks, place: number): Point {
  const earlier = shown.compared?.dates[place];
  return {
    title: labelAt(shown, place),
    state: stateAt({ ...shown, lines: drawn }, place),
    notes: marks.get(place) ?? [],
    against: earlier === undefined ? null : pointLabel(earlier, shown.period, shown.repeated),
    rows: drawn.map(({ id, label, values, unit, better, before, place: colour }) => {
      const value = values[place] ?? null;
      const was = before?.[place] ?? null;
      return {
        id,
        label,
        place: colour,
        value: value === null ? '' : formatNumber(value, unit),
        ...(before !== undefined && {
          before: was === null ? '' : formatNumber(was, unit),
          change: {
            relative: changeOf(value, was),
            absolute: value === null || was === null ? null : value - was,
            unit,
            better,
          },
        }),
      };
    }),
  };
}

/** The table is made when it is opened: it may have thousands of rows. */
function Alternative({ shown, title, marks }: { shown: Shown; title: string; marks: Marks }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>Data as a table</summary>
      {isOpen && <DataTable shown={shown} caption={title} marks={marks} />}
    </details>
  );
}

function Footer({ address, shown }: { address: MetricAddress; shown: Shown }): JSX.Element {
  const [failure, setFailure] = useState<unknown>(null);
  const { choice } = shown;
  const zone = choice.period.coverage?.timeZone;
  const facts = [
    isLive(address, choice) && 'The open dates are counted now',
    zone !== undefined && `${minutesOf(shown.period) === null ? 'Days' : 'Times'} of ${zone}`,
  ].filter((fact) => fact !== false);
  const download = async (format: 'csv' | 'jsonl'): Promise<void> => {
    setFailure(null);
    try {
      const exact = await load(address, new AbortController().signal, true);
      if (exact.choice === null) return;
      const rows = exportRows(exact);
      const name = `${address.metric.replace(/[^\w.-]+/g, '-')}-${exact.period.toLowerCase()}.${format}`;
      if (format === 'csv') save(name, 'text/csv', toCsv(rows));
      else save(name, 'application/jsonl', toJsonLines(rows));
      announce(`${rows.length} rows are saved as ${name}.`);
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <div class="stack no-print">
      {failure !== null && <Notice error={failure} />}
      <div class="row">
        <button type="button" onClick={() => void download('csv')}>
          Export CSV
        </button>
        <button type="button" onClick={() => void download('jsonl')}>
          Export JSON Lines
        </button>
        <span class="quiet small">{facts.join(' · ')}</span>
      </div>
    </div>
  );
}
