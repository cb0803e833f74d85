import type { LoggerService } from '@nestjs/common';
import { messageOf } from '../../errors/error-message.js';
import type { ObjectRef } from './object-target.js';

/** Names of objects: by id, or one for each object in the same order. An object without a name is shown by its id. */
export type Labels =
  | ReadonlyMap<string, string>
  | Readonly<Record<string, string | null | undefined>>
  | readonly (string | null | undefined)[];

/**
 * Returns names of objects of one type, for people to read.
 *
 * @example
 * ```ts
 * const label: LabelFunction = async (objects) => {
 *   const ids = objects.map(({ id }) => Number(id));
 *   const customers = await dataSource.getRepository(Customer).findBy({ id: In(ids) });
 *   return new Map(customers.map(({ id, name }) => [String(id), name]));
 * };
 * ```
 */
export type LabelFunction = (objects: readonly ObjectRef[]) => Labels | Promise<Labels>;

/** An object with its name, or with null if it has none. */
export interface LabelledObject extends ObjectRef {
  label: string | null;
}

/** Names objects by the application's `label` function. */
export class ObjectLabels {
  private hasFailed = false;

  /** @param label null: no object has a name */
  constructor(
    private readonly label: LabelFunction | null,
    private readonly logger: Pick<LoggerService, 'error'>,
  ) {}

  /** Returns objects with their labels, in the same order. If the function fails, the labels are null and it is logged once. */
  async of(objects: readonly ObjectRef[]): Promise<LabelledObject[]> {
    const labels = new Map<string, string | null>();
    const all = unique(objects);
    for (const ofType of new Set(all.map(({ type }) => type))) {
      const same = all.filter(({ type }) => type === ofType);
      const found = await this.labelsOf(same);
      same.forEach((object, place) => labels.set(idOf(object), found[place] ?? null));
    }
    return objects.map(({ type, id }) => ({ type, id, label: labels.get(idOf({ type, id })) ?? null }));
  }

  private async labelsOf(objects: readonly ObjectRef[]): Promise<readonly (string | null)[]> {
    const { label } = this;
    if (label === null || objects.length === 0) return [];
    try {
      const labels: unknown = await label(objects.map(({ type, id }) => ({ type, id })));
      if (typeof labels !== 'object' || labels === null) throw new TypeError(`label returned ${String(labels)}`);
      return objects.map(({ id }, place) => labelIn(labels as Labels, id, place));
    } catch (error) {
      this.logOnce(error);
      return [];
    }
  }

  private logOnce(error: unknown): void {
    if (this.hasFailed) return;
    this.hasFailed = true;
    const message = messageOf(error);
    const stack = error instanceof Error ? error.stack : undefined;
    this.logger.error(`label failed, objects are shown by their ids; this is not logged again: ${message}`, stack);
  }
}

function labelIn(labels: Labels, id: string, place: number): string | null {
  const label: unknown =
    labels instanceof Map
      ? labels.get(id)
      : Array.isArray(labels)
        ? labels[place]
        : Object.hasOwn(labels, id)
          ? (labels as Readonly<Record<string, unknown>>)[id]
          : null;
  // an empty name would leave nothing to read or to press
  return typeof label === 'string' && label.trim() !== '' ? label : null;
}

function unique(objects: readonly ObjectRef[]): ObjectRef[] {
  return [...new Map(objects.map((object) => [idOf(object), object])).values()];
}

function idOf({ type, id }: ObjectRef): string {
  return JSON.stringify([type, id]);
}
