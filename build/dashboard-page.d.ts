export function buildDashboardPage(target: string): void;
export const PAGE_SOURCES: readonly string[];
