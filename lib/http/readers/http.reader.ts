import { Inject, Injectable } from '@nestjs/common';
import {
  type CompleteDates,
  type DimensionValue,
  ObjectLabels,
  type ObjectRef,
  type SeriesPoint,
} from '../../statistics/index.js';
import { HTTP_OPTIONS, type ResolvedHttpOptions } from '../http.options.js';
import { TrackstatsAccess } from '../trackstats.access.js';
import { LiveGate } from './live.gate.js';

/** StatisticService with a scope that is known only at run time, and exact values. */
interface ExactReads {
  series(filter: object): Promise<SeriesPoint<string>[]>;
  total(filter: object): Promise<string | null>;
  compare(filter: object): Promise<{ total: { value: string | null; before: string | null } }>;
  top(
    filter: object,
  ): Promise<{ object?: ObjectRef; dimensions?: Record<string, DimensionValue>; value: string | null }[]>;
  coverage(filter: object): Promise<CompleteDates | null>;
}

/** Gives readers the application's statistics, the names of its objects, the limits, and the queue of live reads. */
@Injectable()
export abstract class HttpReader {
  constructor(
    @Inject(TrackstatsAccess) protected readonly access: TrackstatsAccess,
    @Inject(ObjectLabels) protected readonly labels: ObjectLabels,
    @Inject(HTTP_OPTIONS) protected readonly options: ResolvedHttpOptions,
    @Inject(LiveGate) protected readonly gate: LiveGate,
  ) {}

  protected get reads(): ExactReads {
    return this.access.statistics as unknown as ExactReads;
  }
}
