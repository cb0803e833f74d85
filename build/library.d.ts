export function buildLibrary(target: string): void;
