import { Inject, Injectable } from '@nestjs/common';
import { HTTP_OPTIONS, type ResolvedHttpOptions } from '../http.options.js';
import { TrackstatsAccess } from '../trackstats.access.js';
import { ObjectLabels } from './labels.js';
import { LiveGate } from './live.gate.js';

/** Gives readers the application's statistics, the names of its objects, the limits, and the queue of live reads. */
@Injectable()
export abstract class HttpReader {
  constructor(
    @Inject(TrackstatsAccess) protected readonly access: TrackstatsAccess,
    @Inject(ObjectLabels) protected readonly labels: ObjectLabels,
    @Inject(HTTP_OPTIONS) protected readonly options: ResolvedHttpOptions,
    @Inject(LiveGate) protected readonly gate: LiveGate,
  ) {}
}
