/** The checked options of one registration of the module. */
export const HTTP_OPTIONS = Symbol('trackstats http options');

/** The guards that admit to actions, of one registration of the module. */
export const ACTION_GUARDS = Symbol('trackstats http action guards');
