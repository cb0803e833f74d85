import { defineDerived, defineDomain, defineMetric, defineRatio, type StatisticService } from 'nestjs-trackstats';

declare const statistics: StatisticService;
const SHOP = defineDomain({ ref: 'shop' });
const REVENUE = defineMetric({ domain: SHOP, ref: 'revenue' });
const COST = defineMetric({ domain: SHOP, ref: 'cost' });

export const MARGIN = defineDerived({
  domain: SHOP,
  ref: 'margin',
  from: { revenue: REVENUE, cost: COST, shipping: 'shop/shipping' },
  value: ({ revenue, cost, shipping }) => (revenue === 0 ? null : revenue - cost - shipping),
  unit: { currency: 'EUR' },
});
export const SHARE = defineRatio({ domain: SHOP, ref: 'share', of: MARGIN, per: REVENUE, unit: 'percent' });
export const key: 'shop/share' = SHARE.key;

export async function compiles(): Promise<void> {
  const value: number | null = await statistics.value({ metric: SHARE });
  const exact: string | null = await statistics.total({ metric: MARGIN, last: 30, exact: true });
  console.log(value, exact);
}

export function doesNotCompile(): void {
  const common = { domain: SHOP, ref: 'wrong' } as const;
  // @ts-expect-error -- no such part
  defineDerived({ ...common, from: { revenue: REVENUE }, value: ({ revenu }) => revenu });
  // @ts-expect-error -- text is no value
  defineDerived({ ...common, from: { revenue: REVENUE }, value: ({ revenue }) => String(revenue) });
  // @ts-expect-error -- a currency is in an object
  defineRatio({ ...common, of: REVENUE, per: COST, unit: { curency: 'EUR' } });
  // @ts-expect-error -- there is no such direction
  defineRatio({ ...common, of: REVENUE, per: COST, better: 'left' });
  // @ts-expect-error -- its parts say whether they add up
  defineRatio({ ...common, of: REVENUE, per: COST, gauge: true });
  // @ts-expect-error -- true or false
  defineMetric({ ...common, gauge: 'stock' });
  // @ts-expect-error -- of what?
  defineRatio({ ...common, per: COST });
  // @ts-expect-error -- a number is no metric
  defineRatio({ ...common, of: 5, per: COST });
}
