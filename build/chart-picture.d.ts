import type { chartSvg } from '../lib/chart/index.js';

export function chartPicture(draw: typeof chartSvg): string;
