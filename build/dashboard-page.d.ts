export function buildDashboardPage(target: string): void;
