import type { JSX } from 'preact';
import { periodLabel } from '../../../time/period-text.js';
import { localDateOf } from '../../../chart/moments.js';
import { type MetricAddress, TOP_LIMIT, WITH_LIMIT } from '../address.js';
import { useAnswer } from '../parts/answer.js';
import { Checkbox, Controls, Field, Select, Together } from '../parts/controls.js';
import { useDashboard } from '../parts/dashboard.js';
import { comparisonChoices, fittingComparison } from './comparison.js';
import { allMetrics } from './metric.catalog.js';
import { isRanked, presetsOf, type Shown } from './metric.data.js';
import { presetChoices, sinceIn } from './range.js';

/** A date typed by hand counts from this year on: on the way to 2026 the field holds the years 2, 20 and 202. */
const EARLIEST = '1900-01-01';

/** What is shown of a metric: its range first, which people change most. */
export function MetricControls({ address, shown }: { address: MetricAddress; shown: Shown }): JSX.Element {
  const { go } = useDashboard();
  const change = (part: Partial<MetricAddress>): void => {
    go({ ...address, place: 0, ...part });
  };
  const { scopes, choice } = shown;
  const fitting = fittingComparison(shown.preset, shown.range);
  const { period, by, compare, isLive } = address;
  const changed = [period !== null, by !== null, compare !== '', isLive].filter(Boolean).length;
  return (
    <Controls
      label="What is shown"
      first={<RangeControl address={address} shown={shown} change={change} />}
      changed={changed}
    >
      <Together>
        <Field label="Period">
          <Select
            choices={choice.scope.periods.map(({ name }) => ({ value: name, label: periodLabel(name) }))}
            value={choice.period.name}
            onChange={(name) => {
              change({ period: name });
            }}
          />
        </Field>
        {scopes.length > 1 && address.with.length === 0 && (
          <Field label="By">
            <Select
              choices={scopes.map(({ by, label }) => ({ value: by, label }))}
              value={choice.scope.by}
              onChange={(scope) => {
                change({ by: scope === '' ? null : scope, object: null, hidden: [], search: '' });
              }}
            />
          </Field>
        )}
        {isRanked(address) && (
          <Field label="Top">
            <input
              type="number"
              min={1}
              max={TOP_LIMIT}
              required
              value={address.top}
              onChange={({ currentTarget: input }) => {
                if (input.validity.valid) change({ top: input.valueAsNumber });
              }}
            />
          </Field>
        )}
      </Together>
      <Together>
        {!isRanked(address) && address.object === null && <AddMetric address={address} />}
        {fitting !== null && (
          <Field label="Compare with">
            <Select
              class="compare"
              choices={comparisonChoices(choice.period.name, fitting)}
              value={compare}
              onChange={(value) => {
                change({ compare: value });
              }}
            />
          </Field>
        )}
        {choice.period.live && (
          <Checkbox
            label="Live"
            title="Count the dates that are not over now, instead of showing what the last run stored"
            isChecked={isLive}
            onChange={(isChecked) => {
              change({ isLive: isChecked });
            }}
          />
        )}
      </Together>
    </Controls>
  );
}

interface RangeControlProps {
  readonly address: MetricAddress;
  readonly shown: Shown;
  readonly change: (part: Partial<MetricAddress>) => void;
}

/** The named ranges with the dates that they mean today, and fields for dates of one's own. */
function RangeControl({ address, shown, change }: RangeControlProps): JSX.Element {
  const { preset, range, today, choice } = shown;
  const since = sinceIn(choice.period, today);
  const [fromDate, toDate] = [range.from === null ? null : localDateOf(range.from), localDateOf(range.to)];
  const presets = presetsOf(address, choice.scope, today);
  const own = (part: { from?: string; to?: string }): void => {
    const from = part.from ?? fromDate ?? '';
    const to = part.to ?? toDate;
    if ((from !== '' && from < EARLIEST) || to < EARLIEST || from > to) return;
    change({ range: 'own', from: from === '' ? null : from, to, zoomedFrom: '' });
  };
  return (
    <>
      <Field label="Range">
        <Select
          class={preset === 'own' ? 'range own' : 'range'}
          choices={[...presetChoices(presets, today, since), { value: 'own' as const, label: 'Dates of your own' }]}
          value={preset}
          onChange={(value) => {
            if (value === 'own') own({});
            else change({ range: value, from: null, to: null, zoomedFrom: '' });
          }}
        />
      </Field>
      {preset === 'own' && (
        <>
          <Field label="From">
            <input
              type="date"
              value={fromDate ?? ''}
              max={toDate}
              onChange={(event) => {
                if (event.currentTarget.value !== '') own({ from: event.currentTarget.value });
              }}
            />
          </Field>
          <Field label="To">
            <input
              type="date"
              value={toDate}
              min={fromDate ?? undefined}
              onChange={(event) => {
                if (event.currentTarget.value !== '') own({ to: event.currentTarget.value });
              }}
            />
          </Field>
        </>
      )}
    </>
  );
}

/** A list of the other metrics, to be drawn in the same chart. */
function AddMetric({ address }: { address: MetricAddress }): JSX.Element | null {
  const { go } = useDashboard();
  const { data } = useAnswer('', (signal) => allMetrics(signal));
  const shown = [address.metric, ...address.with];
  const others = (data ?? []).filter(({ key }) => !shown.includes(key));
  if (others.length === 0 || address.with.length >= WITH_LIMIT) return null;
  return (
    <Field label="Add metric">
      <Select
        class="add"
        choices={[
          { value: '', label: 'None' },
          ...others.map(({ key, name, domain }) => ({ value: key, label: `${name} (${domain.name})` })),
        ]}
        value=""
        onChange={(key) => {
          if (key !== '') go({ ...address, with: [...address.with, key], hidden: [] });
        }}
      />
    </Field>
  );
}
