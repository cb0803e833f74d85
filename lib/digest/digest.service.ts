import type { MetricService } from '../catalog/index.js';
import { MomentText } from '../chart/moment-text.js';
import { NumberText } from '../catalog/number-text.js';
import type { StatisticService } from '../statistics/index.js';
import { addDays, parseLocalDate } from '../time/local-date.js';
import type { WeekStart } from '../time/period.js';
import { digestHtml } from './digest.html.js';
import { type DigestOptions, resolveDigest } from './digest.options.js';
import { digestRange } from './digest.range.js';
import { DigestReader } from './digest.reader.js';
import { digestText } from './digest.text.js';
import { rangeText } from './digest.words.js';

/** A mail about statistics, for any mailer. */
export interface Digest {
  /** title and dates, on one line */
  subject: string;
  /** a whole document, of at most 100 kB */
  html: string;
  /** the same without HTML */
  text: string;
}

/** Makes mails about statistics. It sends none. */
export class DigestService {
  private readonly reader: DigestReader;

  /** @internal the module creates it */
  constructor(
    private readonly statistics: StatisticService,
    metrics: MetricService,
    private readonly weekStart: WeekStart,
  ) {
    this.reader = new DigestReader(statistics, metrics);
  }

  /**
   * Returns a mail with a value for each metric, its change since the range before, and its course. It is read from what
   * is stored.
   *
   * The value is that of the whole range: a sum, the least or the greatest, or the distinct count of a stored week. Where
   * values of days do not add up it is the last one, with its date.
   *
   * @param options `metrics` and the `period` to tell of, by default up to yesterday
   * @throws InvalidArgumentError, InvalidPeriodError, InvalidDateError, InvalidFilterError, UnknownMetricError
   * @example const { subject, html, text } = await digests.digest({ metrics: [ORDERS], period: Period.CALENDAR_WEEK });
   */
  async digest(options: DigestOptions): Promise<Digest> {
    const digest = resolveDigest(options);
    const date = digest.date ?? addDays(await this.statistics.today(), -1);
    const automatic = digestRange(digest.period, parseLocalDate(date), this.weekStart);
    const range = { ...automatic, with: digest.with ?? automatic.with };
    const language = { numbers: new NumberText(digest.locale), moments: new MomentText(digest.locale) };
    // one after the other: a digest is not urgent, and its reads leave connections to those that are
    const lines = [];
    for (const entry of digest.metrics) lines.push(await this.reader.line(entry, digest, range));
    return {
      subject: `${digest.title}: ${rangeText(range, language.moments)}`,
      html: digestHtml(digest, range, lines, language),
      text: digestText(digest, range, lines, language),
    };
  }
}
