import { stored, store } from './storage.js';

export type Theme = 'system' | 'light' | 'dark';

export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const KEY = 'trackstats.theme';

const dark = matchMedia('(prefers-color-scheme: dark)');

/** The theme that was chosen in this browser; by default the system's. */
export function storedTheme(): Theme {
  const text = stored(KEY);
  return THEMES.find((theme) => theme === text) ?? 'system';
}

export function chooseTheme(theme: Theme): void {
  store(KEY, theme);
  applyTheme();
}

export function applyTheme(): void {
  const theme = storedTheme();
  document.documentElement.dataset['theme'] = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
}

dark.addEventListener('change', applyTheme);
