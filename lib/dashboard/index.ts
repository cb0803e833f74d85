export { UnguardedInterfaceError } from '../http/http.error.js';
export type { Guard, HttpLimits, LabelFunction, Labels } from '../http/http.options.js';
export { InvalidDashboardOptionsError, MissingDashboardPageError } from './dashboard.error.js';
export { TrackstatsDashboardModule } from './dashboard.module.js';
export type {
  TrackstatsDashboardModuleAsyncOptions,
  TrackstatsDashboardModuleExtras,
  TrackstatsDashboardModuleOptions,
} from './dashboard.options.js';
