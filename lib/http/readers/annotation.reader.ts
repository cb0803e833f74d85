import { Injectable } from '@nestjs/common';
import type { Annotation } from '../../annotations/annotation.js';
import { countAnnotations, findAnnotations } from '../../annotations/annotation.store.js';
import type { Work } from '../../database/work.js';
import { checkRange, moduleCalendar, rowRange } from '../../statistics/index.js';
import type { AnnotationsQuery } from '../parameters/statistic.parameters.js';
import type { AnnotationResource, AnnotationsResponse } from '../resources.js';
import { HttpReader } from './http.reader.js';
import { checkLimit } from './range.js';
import { isoInstant } from './statistic.resource.js';

/** Lists annotations. */
@Injectable()
export class AnnotationReader extends HttpReader {
  async list({ domain, limit: asked, offset, order, ...range }: AnnotationsQuery): Promise<AnnotationsResponse> {
    const limit = asked ?? this.options.limits.rows;
    checkLimit('rows', limit, this.options.limits);
    const { context, clock } = this.access;
    const { database } = context;
    const dates = Object.fromEntries(Object.entries(range).filter(([, value]) => value !== undefined));
    const filter = {
      ...rowRange(checkRange(dates), null, moduleCalendar(context, clock())),
      domains: domain.length === 0 ? null : domain,
    };
    const page = { limit, offset, order };
    return database.read(function* (): Work<AnnotationsResponse> {
      const annotations = yield* findAnnotations(database, filter, page);
      const total = yield* countAnnotations(database, filter);
      return { annotations: annotations.map(annotationResource), total, limit, offset };
    });
  }
}

function annotationResource({ id, date, at, text, domain }: Annotation): AnnotationResource {
  return {
    id,
    date,
    at: isoInstant(at),
    text,
    domain: domain === null ? null : { ref: domain.ref, name: domain.name },
  };
}
