import type { JSX } from 'preact';
import { localDateOf } from '../../../chart/moments.js';
import { DAY_PRESETS, hrefOf, type ObjectAddress, PRESETS, toMetric, toOverview } from '../address.js';
import { Sparkline } from '../chart/sparkline.js';
import { nameOf } from '../metric/metric.data.js';
import { ownDates, presetChoices } from '../metric/range.js';
import { useAnswer } from '../parts/answer.js';
import { Field, Select } from '../parts/controls.js';
import { useDashboard } from '../parts/dashboard.js';
import { formatDates } from '../parts/format.js';
import { Heading } from '../parts/heading.js';
import { Notice } from '../parts/notice.js';
import { Unanswered } from '../parts/unanswered.js';
import { valueNote } from '../metrics/overview.words.js';
import { RangeValue } from '../metrics/range-value.js';
import { loadObject, type ObjectItem, type ObjectOverview } from './object.data.js';

/** One object of the application: every metric that has statistics of it. */
export function ObjectPage({ address }: { address: ObjectAddress }): JSX.Element {
  const { data, error, isLoading, again } = useAnswer(JSON.stringify(address), (signal) => loadObject(address, signal));
  if (data === null) return <Unanswered error={error} again={again} />;
  const { object, items } = data;
  return (
    <div class="stack">
      <div class="heading">
        <p class="quiet small">
          <a href={hrefOf(toOverview(address))}>Metrics</a> · {object.type.replaceAll('_', ' ')} ·{' '}
          <code>{object.id}</code>
        </p>
        <Heading title={nameOf(object, undefined)} />
      </div>
      {error !== null && <Notice error={error} again={again} />}
      <RangeControl address={address} overview={data} />
      {items.length === 0 ? (
        <p class="card quiet">No metric has statistics by {object.type.replaceAll('_', ' ')}.</p>
      ) : (
        <section class="group" aria-busy={isLoading}>
          <h2>
            Metrics <span class="quiet count">{items.length}</span>
          </h2>
          <ul class="tiles">
            {items.map((item) => (
              <Tile key={item.metric.key} item={item} address={address} />
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function RangeControl({ address, overview }: { address: ObjectAddress; overview: ObjectOverview }): JSX.Element {
  const { go } = useDashboard();
  // each metric has a first covered date of its own, so "All" has no dates here
  const day = DAY_PRESETS.filter((preset) => preset === overview.preset);
  const presets = presetChoices([...day, ...PRESETS], overview.today, null);
  return (
    <div class="controls">
      <Field label="Range">
        <Select
          class="range"
          choices={
            overview.preset === 'own'
              ? [...presets, { value: 'own' as const, label: ownHint(address, overview) }]
              : presets
          }
          value={overview.preset}
          onChange={(range) => {
            go({ ...address, range, ...(range !== 'own' && { from: null, to: null }) });
          }}
        />
      </Field>
    </div>
  );
}

function ownHint(address: ObjectAddress, { today }: ObjectOverview): string {
  const { from, to } = ownDates(address, today);
  return formatDates(localDateOf(from), localDateOf(to));
}

function Tile({ item, address }: { item: ObjectItem; address: ObjectAddress }): JSX.Element {
  const { metric, summary, trend, openValues, period } = item;
  const { range, from, to } = address;
  const part = { by: address.type, object: address.id, period: period === 'DAY' ? null : period, range, from, to };
  return (
    <li class="tile">
      <h3>
        <a class="whole" title={metric.description ?? undefined} href={hrefOf(toMetric(metric.key, part))}>
          {metric.name}
        </a>
      </h3>
      <RangeValue metric={metric} summary={summary} />
      <p class="quiet small note">{valueNote({ metric, period, summary }, '')}</p>
      <Sparkline values={trend} open={openValues} />
    </li>
  );
}
