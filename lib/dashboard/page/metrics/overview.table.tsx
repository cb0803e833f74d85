import type { JSX } from 'preact';
import type { SummaryItem } from '../../../http/resources.js';
import { hrefOf, type Sort, toMetric } from '../address.js';
import { Sparkline } from '../chart/sparkline.js';
import { AlertBadge } from '../parts/alert-badge.js';
import { useDashboard } from '../parts/dashboard.js';
import { formatNumber, formatShort } from '../parts/format.js';
import { followRow } from '../parts/row-link.js';
import { SortHeader } from '../parts/sort-header.js';
import { TroubleBadge } from '../parts/trouble-badge.js';
import { askedPeriod, type ListProps, metricPart } from './overview.list.js';
import { valueNote } from './overview.words.js';
import { ChangeOf } from './range-value.js';
import { Star } from './star.js';

/** Metrics below one another, sorted by the column that is chosen. */
export function MetricTable(props: ListProps): JSX.Element {
  const { go } = useDashboard();
  const { address } = props;
  const sorted = (sort: Sort): Pick<Parameters<typeof SortHeader>[0], 'order' | 'first' | 'onSort'> => ({
    order: address.sort === sort ? address.order : null,
    first: sort === 'name' ? 'asc' : 'desc',
    onSort: (order) => {
      go({ ...address, sort, order });
    },
  });
  return (
    <div class="card flush">
      <table class="metrics">
        <caption class="hidden">{props.caption}</caption>
        <thead>
          <tr>
            <SortHeader {...sorted('name')} class="name">
              Metric
            </SortHeader>
            <th scope="col" class="trend">
              Trend
            </th>
            <SortHeader {...sorted('value')} class="value number">
              Value
            </SortHeader>
            <SortHeader {...sorted('change')} class="change-column number">
              Change
            </SortHeader>
            <th scope="col" class="mark">
              <span class="hidden">Favourite</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.items.map((item) => (
            <Row key={item.metric.key} item={item} {...props} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ item, address, favourites, onFavourite }: ListProps & { item: SummaryItem }): JSX.Element {
  const { metric, summary, trend, openValues, description } = item;
  const comparison = summary?.comparison ?? null;
  return (
    <tr class="link" onClick={followRow}>
      <th scope="row" class="name">
        <a href={hrefOf(toMetric(metric.key, metricPart(item, address)))}>{metric.name}</a>
        <div class="quiet small">
          <code>{metric.key}</code> <AlertBadge metric={metric} />{' '}
          <TroubleBadge keys={item.derivedFrom ?? [metric.key]} />
        </div>
        {description !== null && description !== '' && <div class="quiet small wide">{description}</div>}
      </th>
      <td class="trend">{trend.length > 0 && <Sparkline values={trend} open={openValues} />}</td>
      <td class="value number">
        <strong title={formatNumber(summary?.value ?? null, metric.unit)}>
          {formatShort(summary?.value ?? null, metric.unit)}
        </strong>
        <div class="quiet small">{valueNote(item, askedPeriod(address))}</div>
      </td>
      <td class="change-column number">
        {comparison !== null && <ChangeOf comparison={comparison} unit={metric.unit} better={metric.better} />}
      </td>
      <td class="mark">
        <Star
          name={metric.name}
          isOn={favourites.includes(metric.key)}
          onPress={() => {
            onFavourite(metric.key);
          }}
        />
      </td>
    </tr>
  );
}
