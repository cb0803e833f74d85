export { chartSvg } from './svg/chart-svg.js';
export type { ChartLine, ChartOptions, ChartPoint } from './svg/chart.options.js';
export type { ChartTheme } from './svg/svg-writer.js';
export type { MetricUnit } from '../catalog/index.js';
export type { Period, PeriodName } from '../time/period.js';

export { InvalidArgumentError } from '../errors/argument.error.js';
export { InvalidDateError, InvalidPeriodError } from '../errors/time.error.js';
