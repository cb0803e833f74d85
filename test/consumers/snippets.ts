import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A piece of TypeScript of a document. */
export interface Snippet {
  /** the line of the document on which it begins */
  readonly line: number;
  readonly code: string;
}

/** A document, by what its snippets are. */
export interface Guide {
  readonly name: string;
  /** metrics, entities, trackers: what an application declares */
  readonly declarations: readonly Snippet[];
  /** calls of the services, some with the value that they give: `await …; // 3` */
  readonly calls: readonly Snippet[];
}

/** What the calls of all documents are made on: what `world.ts` exports. */
export const WORLD = ['dataSource', 'statistics', 'trackers', 'metrics'] as const;

const CALL = new RegExp(`^(?:const .+ = )?\\(?await (?:${WORLD.join('|')})\\b`, 'm');

/** Whether a snippet uses the services of an application, rather than being a part of one. */
export function isCall({ code }: Snippet): boolean {
  return CALL.test(code);
}

/** The snippets of a document, in its order. */
export function snippetsOf(text: string): Snippet[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ 1: code = '', index }) => ({
    line: text.slice(0, index).split('\n').length + 1,
    code,
  }));
}

/** The page whose shop the other pages use. */
const TOUR = 'tour.md';

/** Reads the guides of `docs/`: the tour, and those that use its shop. */
export function readGuides(): { tour: Guide; others: Guide[] } {
  const [tour, ...others] = readdirSync('docs')
    .filter((file) => file.endsWith('.md'))
    .sort((a, b) => Number(b === TOUR) - Number(a === TOUR) || a.localeCompare(b))
    .map((file) => {
      const snippets = snippetsOf(readFileSync(join('docs', file), 'utf8'));
      return {
        name: basename(file, '.md'),
        declarations: snippets.filter((snippet) => !isCall(snippet)),
        calls: snippets.filter(isCall),
      };
    });
  if (tour?.name !== 'tour') throw new Error('Expected docs/tour.md.');
  return { tour, others };
}
