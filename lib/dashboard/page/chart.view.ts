import { drawChart, type Chart } from './chart.js';
import { element, fill } from './element.js';
import type { Shown } from './metric.data.js';
import { Reading } from './reading.js';
import { dataTable } from './table.js';

export interface ChartView {
  readonly content: HTMLElement;
  recolour(): void;
  remove(): void;
}

/**
 * A chart with its legend, a slider that walks along it by key, finger and screen reader, and its data as a table.
 *
 * @param ranged called with the dates of a part that was drawn over
 */
export function chartView(
  shown: Shown,
  { as, title, period }: { as: 'lines' | 'bars'; title: string; period: string },
  ranged: (from: string, to: string) => void,
): ChartView {
  const { dates } = shown;
  const canvas = element('div', {
    class: 'chart',
    role: 'img',
    'aria-label': `${title}. The slider below reads its values.`,
  });
  const reading = new Reading(shown, period);
  const last = dates.length - 1;
  const slider = element('input', {
    type: 'range',
    class: 'point',
    min: 0,
    max: last,
    value: last,
    'aria-label': 'Date',
  });
  let chart: Chart | null = null;
  let isRemoved = false;

  const read = (place: number): void => {
    slider.setAttribute('aria-valuetext', reading.say(place));
    reading.show(place);
  };
  slider.addEventListener('input', () => {
    read(slider.valueAsNumber);
    chart?.point(slider.valueAsNumber);
  });
  read(last);

  const series = shown.lines.map(({ label, values }, place) => ({ label, values, place }));
  const before = (shown.before?.lines ?? []).map(({ label, values }, place) => ({
    label,
    values,
    isBefore: true,
    place,
  }));
  const events = {
    onPoint: (place: number) => {
      slider.value = String(place);
      read(place);
    },
    onRange: (first: number, end: number) => {
      ranged(dates[first] ?? '', dates[end] ?? '');
    },
  };
  const content = element('figure', { class: 'card' }, canvas, slider, reading.content, alternative(shown, title));
  void whenPlaced(canvas).then(async () => {
    const drawn = await drawChart(canvas, { dates, series: [...series, ...before], as, unit: shown.unit }, events);
    if (isRemoved) drawn.remove();
    else chart = drawn;
  });
  return {
    content,
    recolour: () => chart?.recolour(),
    remove: () => {
      isRemoved = true;
      chart?.remove();
    },
  };
}

/** The table is made when it is opened: it may have thousands of rows. */
function alternative(shown: Shown, title: string): HTMLElement {
  const place = element('div');
  const details = element('details', {}, element('summary', {}, 'Data as a table'), place);
  details.addEventListener('toggle', () => {
    if (details.open && place.childElementCount === 0) fill(place, dataTable(shown, title));
  });
  return details;
}

/** A chart is as wide as its place, which has a width only once it is in the page. */
async function whenPlaced(target: HTMLElement): Promise<void> {
  while (!target.isConnected) await new Promise(requestAnimationFrame);
}
