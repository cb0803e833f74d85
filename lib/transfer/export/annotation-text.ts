import type { Annotation } from '../../annotations/annotation.js';
import { type AnnotationRecord, JSONL_FORMAT, JSONL_VERSION } from '../jsonl-record.js';
import { line } from './jsonl.writer.js';

/** The text of an export of annotations, line by line. Their ids depend on the database, and are not in it. */
export function* annotationText(annotations: readonly Annotation[]): Generator<string> {
  yield line({ record: 'header', format: JSONL_FORMAT, version: JSONL_VERSION });
  for (const { date, at, text, domain, key } of annotations) {
    const record: AnnotationRecord = {
      record: 'annotation',
      date,
      at: at?.toISOString() ?? null,
      text,
      domain: domain?.ref ?? null,
      ...(domain !== null && { domain_name: domain.name }),
      key,
    };
    yield line(record);
  }
}
