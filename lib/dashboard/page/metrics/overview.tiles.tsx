import type { JSX } from 'preact';
import type { SummaryItem } from '../../../http/resources.js';
import { hrefOf, toMetric } from '../address.js';
import { Sparkline } from '../chart/sparkline.js';
import { AlertBadge } from '../parts/alert-badge.js';
import { TroubleBadge } from '../parts/trouble-badge.js';
import { valueNote } from './overview.words.js';
import { askedPeriod, type ListProps, metricPart } from './overview.list.js';
import { RangeValue } from './range-value.js';
import { Star } from './star.js';

/** Metrics side by side: the value of the range, its change, and its course. */
export function MetricTiles(props: ListProps): JSX.Element {
  return (
    <ul class="tiles">
      {props.items.map((item) => (
        <Tile key={item.metric.key} item={item} {...props} />
      ))}
    </ul>
  );
}

function Tile({ item, address, favourites, onFavourite }: ListProps & { item: SummaryItem }): JSX.Element {
  const { metric, summary, trend, openValues, description } = item;
  return (
    <li class="tile">
      <div class="row spread">
        <h3>
          <a
            class="whole"
            title={description ?? undefined}
            href={hrefOf(toMetric(metric.key, metricPart(item, address)))}
          >
            {metric.name}
          </a>
        </h3>
        <Star
          name={metric.name}
          isOn={favourites.includes(metric.key)}
          onPress={() => {
            onFavourite(metric.key);
          }}
        />
      </div>
      <RangeValue metric={metric} summary={summary} />
      <p class="quiet small note">
        <span>{valueNote(item, askedPeriod(address))}</span>
        <AlertBadge metric={metric} />
        <TroubleBadge keys={item.derivedFrom ?? [metric.key]} />
      </p>
      <Sparkline values={trend} open={openValues} />
    </li>
  );
}
