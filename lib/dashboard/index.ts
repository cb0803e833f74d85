export { UnguardedInterfaceError } from '../http/http.error.js';
export type { Guard, HttpLimits } from '../http/http.options.js';
export type { LabelFunction, Labels } from '../statistics/index.js';
export { InvalidDashboardOptionsError, MissingDashboardPageError } from './dashboard.error.js';
export { TrackstatsDashboardModule } from './dashboard.module.js';
export type {
  TrackstatsDashboardModuleAsyncOptions,
  TrackstatsDashboardModuleExtras,
  TrackstatsDashboardModuleOptions,
} from './dashboard.options.js';
