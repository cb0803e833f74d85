import { useState } from 'preact/hooks';
import { store, stored } from '../parts/storage.js';

const KEY = 'trackstats.favourites';

function read(): readonly string[] {
  try {
    const keys: unknown = JSON.parse(stored(KEY) ?? '[]');
    return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
  } catch {
    return [];
  }
}

/** The metrics that were marked in this browser, and a function that marks one or takes the mark away. */
export function useFavourites(): [keys: readonly string[], toggle: (key: string) => void] {
  const [keys, setKeys] = useState(read);
  return [
    keys,
    (key) => {
      const next = keys.includes(key) ? keys.filter((other) => other !== key) : [...keys, key];
      setKeys(next);
      store(KEY, JSON.stringify(next));
    },
  ];
}
