import type { MetricUnit } from '../catalog/index.js';
import { canonicalDecimal } from '../database/decimal.js';

/** Returns an exact decimal with its unit: '25 %', '12.5 EUR', '1024 bytes'. */
export function valueWithUnit(decimal: string, unit: MetricUnit | null): string {
  if (unit === null) return decimal;
  if (unit === 'percent') return `${canonicalDecimal(`${decimal}e2`) ?? decimal} %`;
  return `${decimal} ${typeof unit === 'string' ? unit : unit.currency}`;
}
