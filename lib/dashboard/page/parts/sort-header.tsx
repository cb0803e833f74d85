import type { JSX } from 'preact';

interface SortHeaderProps {
  readonly class?: string;
  /** null: the table is not sorted by this column */
  readonly order: 'asc' | 'desc' | null;
  /** the order of the first press */
  readonly first: 'asc' | 'desc';
  readonly onSort: (order: 'asc' | 'desc') => void;
  readonly children: string;
}

/** The head of a column that sorts its table, and turns the order at a second press. */
export function SortHeader({ order, first, onSort, children, ...rest }: SortHeaderProps): JSX.Element {
  const next = order === null ? first : order === 'asc' ? 'desc' : 'asc';
  return (
    <th
      scope="col"
      class={rest.class}
      aria-sort={order === null ? undefined : order === 'asc' ? 'ascending' : 'descending'}
    >
      <button
        type="button"
        class="sort"
        onClick={() => {
          onSort(next);
        }}
      >
        {children}
        <span aria-hidden="true">{order === null ? '' : order === 'asc' ? ' ↑' : ' ↓'}</span>
      </button>
    </th>
  );
}
