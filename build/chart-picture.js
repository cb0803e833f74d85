/**
 * Draws the picture of docs/charts.md: `node --import ./build/typescript.js build/chart-picture.js`.
 * test/chart/chart-picture.spec.ts fails if the file is not what this draws.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const SCRIPT = fileURLToPath(import.meta.url);
const DAY = 86_400_000;

/** The orders of each day of a shop: busier to the end of the week, and with a day that was not counted. */
const ONLINE = [
  [132, 128, 141, 150, 171, 96, 88],
  [138, 133, 147, 158, 180, 101, 93],
  [145, null, 152, 163, 188, 109, 97],
  [151, 146, 160, 172, 197, 118, 104],
  [160, 149, 166, 181, 205, 121, 71],
].flat();
const IN_THE_SHOP = [
  [61, 58, 64, 72, 95, 118, 0],
  [63, 60, 67, 70, 99, 124, 0],
  [58, 62, 66, 75, 101, 121, 0],
  [66, 63, 70, 74, 97, 130, 0],
  [64, 67, 69, 78, 104, 127, 0],
].flat();

/** @param chartSvg of the library */
export function chartPicture(chartSvg) {
  const pointsOf = (values) =>
    values.map((value, day) => ({
      date: new Date(Date.UTC(2026, 8, 28) + day * DAY).toISOString().slice(0, 10),
      value,
      complete: day < values.length - 1,
    }));
  const series = [
    { name: 'Online', points: pointsOf(ONLINE) },
    { name: 'In the shop', points: pointsOf(IN_THE_SHOP) },
  ];
  return `${chartSvg(series, { title: 'Orders', period: 'DAY', theme: 'auto', width: 720, height: 300 })}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { chartSvg } = await import('../lib/chart/index.ts');
  writeFileSync(join(dirname(SCRIPT), '..', 'docs', 'images', 'chart.svg'), chartPicture(chartSvg));
}
