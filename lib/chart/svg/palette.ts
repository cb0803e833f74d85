/** The colours of a chart: those of the dashboard's style sheet, for what has no style sheet. */
export interface Palette {
  readonly paper: string;
  readonly edge: string;
  readonly text: string;
  readonly quiet: string;
  readonly grid: string;
  readonly zero: string;
  readonly before: string;
  readonly good: string;
  readonly bad: string;
  /** one for each series of a chart */
  readonly series: readonly string[];
}

export const LIGHT: Palette = {
  paper: '#ffffff',
  edge: '#d9dee5',
  text: '#18212c',
  quiet: '#566270',
  grid: '#e6e9ee',
  zero: '#858f9c',
  before: '#7b8794',
  good: '#17703a',
  bad: '#b3261e',
  series: [
    '#1f5fa8',
    '#c2500f',
    '#1a7f3c',
    '#7a3fc0',
    '#b8246f',
    '#0b7c8c',
    '#8a4a1c',
    '#56657a',
    '#8f7300',
    '#c62f45',
  ],
};

export const DARK: Palette = {
  paper: '#181f27',
  edge: '#303b47',
  text: '#e6ebf1',
  quiet: '#a3b0be',
  grid: '#28323d',
  zero: '#74818f',
  before: '#8d9aa8',
  good: '#6fcf8b',
  bad: '#ff9b92',
  series: [
    '#7ab4f5',
    '#ff9d5c',
    '#6fcf8b',
    '#c39bff',
    '#ff8cc6',
    '#5ed1e0',
    '#d9a679',
    '#aab8c8',
    '#e2c54f',
    '#ff8f92',
  ],
};
