/** The checked options of one registration of the dashboard. */
export const DASHBOARD_OPTIONS = Symbol('trackstats dashboard options');

/** The controller of one registration, with its path. */
export const DASHBOARD_CONTROLLER = Symbol('trackstats dashboard controller');
