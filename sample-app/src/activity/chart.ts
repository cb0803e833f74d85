import { html, type Html } from './html.js';

export interface Chart {
  /** unique on the page */
  id: string;
  title: string;
  /** what each value counts: 'commits' */
  unit: string;
  kind: 'bars' | 'line';
  /** what the lowest line of the drawing stands for. @default 0 */
  floor?: number;
  points?: Point[];
}

interface Point {
  date: string;
  value: number | null;
}

const numbers = new Intl.NumberFormat('en');
const HEIGHT = 100;

/**
 * A section with a chart, and its numbers as a table below it. The drawing is one unit wide for each point and stretched
 * to the width of the page; text stands beside it, where it keeps its size.
 */
export function chart({ id, title, unit, kind, floor = 0, points = [] }: Chart): Html {
  const most = Math.max(floor + 1, ...points.map((point) => point.value ?? 0));
  return html`<section class="card" aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    <figure class="chart">
      <svg
        viewBox="0 0 ${Math.max(1, points.length)} ${HEIGHT}"
        preserveAspectRatio="none"
        role="img"
        aria-labelledby="${id}-title ${id}-desc"
      >
        <title id="${id}-title">${title}</title>
        <desc id="${id}-desc">${description(points, unit)}</desc>
        ${kind === 'bars' ? bars(points, most) : line(points, floor, most)}
      </svg>
      <div class="scale" aria-hidden="true">
        <span>${numbers.format(most)}</span><span>${numbers.format(floor)}</span>
      </div>
      <div class="dates" aria-hidden="true"><span>${points[0]?.date}</span><span>${points.at(-1)?.date}</span></div>
    </figure>
    ${table(title, unit, points)}
  </section>`;
}

/** A row of bars as high as a line of text, for a table's cell. */
export function sparkline(title: string, points: Point[]): Html {
  const most = Math.max(1, ...points.map((point) => point.value ?? 0));
  return html`<svg
    class="sparkline"
    viewBox="0 0 ${Math.max(1, points.length)} ${HEIGHT}"
    preserveAspectRatio="none"
    role="img"
  >
    <title>${title}</title>
    ${bars(points, most)}
  </svg>`;
}

function bars(points: Point[], most: number): Html[] {
  return points.map(({ value }, i) => {
    const height = ((value ?? 0) / most) * HEIGHT;
    return html`${height > 0 && html`<rect x="${i + 0.1}" y="${round(HEIGHT - height)}" width="0.8" height="${round(height)}" />`}`;
  });
}

/** Where there is no value the line is interrupted. */
function line(points: Point[], floor: number, most: number): Html {
  let path = '';
  let pen = 'M';
  points.forEach(({ value }, i) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    path += `${pen}${i + 0.5} ${round(HEIGHT - ((value - floor) / (most - floor)) * HEIGHT)}`;
    pen = 'L';
  });
  return html`<path d="${path}" />`;
}

function table(title: string, unit: string, points: Point[]): Html {
  return html`<details>
    <summary>Numbers</summary>
    <table>
      <caption>
        ${title}
      </caption>
      <thead>
        <tr>
          <th scope="col">Date</th>
          <th scope="col" class="number">${unit}</th>
        </tr>
      </thead>
      <tbody>
        ${points.toReversed().map(
          ({ date, value }) =>
            html`<tr>
              <th scope="row">${date}</th>
              <td class="number">${value === null ? '–' : numbers.format(value)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}

function description(points: Point[], unit: string): string {
  const known = points.filter((point): point is { date: string; value: number } => point.value !== null);
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last) return 'No values.';
  const top = known.reduce((most, point) => (point.value > most.value ? point : most));
  return (
    `From ${first.date} to ${last.date}. ` +
    `Most: ${numbers.format(top.value)} ${unit} (${top.date}); last: ${numbers.format(last.value)}.`
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
