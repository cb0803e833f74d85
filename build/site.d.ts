export function buildSite(directory: string): Promise<void>;
