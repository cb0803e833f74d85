import { readFileSync } from 'node:fs';
import { chartSvg } from 'nestjs-trackstats/chart';
import { chartPicture } from '../../build/chart-picture.js';

it("has the guide's picture as it is drawn now: node --import ./build/typescript.js build/chart-picture.js", () => {
  expect(readFileSync('docs/images/chart.svg', 'utf8')).toBe(chartPicture(chartSvg));
});
