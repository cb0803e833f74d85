import { Get, Inject, Query, UseFilters, UseInterceptors } from '@nestjs/common';
import { TrackstatsHttpExceptionFilter } from './platform/http.exception.js';
import { AnnotationReader } from './readers/annotation.reader.js';
import { MetricCatalog } from './readers/metric.catalog.js';
import { MultiSeriesReader } from './readers/multi-series.reader.js';
import { OverviewReader } from './readers/overview.reader.js';
import { RankingReader } from './readers/ranking.reader.js';
import {
  STATISTIC_PARAMETERS,
  type AnnotationsQuery,
  type CoverageQuery,
  type MetricsQuery,
  type MultiSeriesQuery,
  type OverviewQuery,
  type RankingQuery,
  type SeriesQuery,
  type SummariesQuery,
  type SummaryQuery,
  type TopQuery,
  type TotalQuery,
} from './parameters/statistic.parameters.js';
import { Replied, ReplyInterceptor } from './platform/reply.interceptor.js';
import type {
  AnnotationsResponse,
  CoverageResponse,
  MetricsResponse,
  MultiSeriesResponse,
  OverviewResponse,
  RankingResponse,
  SeriesResponse,
  SummariesResponse,
  SummaryResponse,
  TopResponse,
  TotalResponse,
} from './resources.js';
import { StatisticReader } from './readers/statistic.reader.js';
import { SummariesReader } from './readers/summaries.reader.js';
import { SummaryReader } from './readers/summary.reader.js';

/** Serves statistics. Each registration of the module mounts a subclass of its own, with its path and its guards. */
@UseFilters(TrackstatsHttpExceptionFilter)
@UseInterceptors(ReplyInterceptor)
export class StatisticsController {
  constructor(
    @Inject(MetricCatalog) private readonly catalog: MetricCatalog,
    @Inject(OverviewReader) private readonly overviews: OverviewReader,
    @Inject(SummariesReader) private readonly summariesReader: SummariesReader,
    @Inject(SummaryReader) private readonly summaryReader: SummaryReader,
    @Inject(StatisticReader) private readonly statistics: StatisticReader,
    @Inject(RankingReader) private readonly rankings: RankingReader,
    @Inject(MultiSeriesReader) private readonly several: MultiSeriesReader,
    @Inject(AnnotationReader) private readonly noted: AnnotationReader,
  ) {}

  @Get('metrics')
  @Replied()
  metrics(@Query(STATISTIC_PARAMETERS.metrics) query: MetricsQuery): Promise<MetricsResponse> {
    return this.catalog.list(query);
  }

  @Get('overview')
  @Replied()
  overview(@Query(STATISTIC_PARAMETERS.overview) query: OverviewQuery): Promise<OverviewResponse> {
    return this.overviews.overview(query);
  }

  @Get('summaries')
  @Replied()
  summaries(@Query(STATISTIC_PARAMETERS.summaries) query: SummariesQuery): Promise<SummariesResponse> {
    return this.summariesReader.summaries(query);
  }

  @Get('summary')
  @Replied()
  summary(@Query(STATISTIC_PARAMETERS.summary) query: SummaryQuery): Promise<SummaryResponse> {
    return this.summaryReader.summary(query);
  }

  @Get('series')
  @Replied()
  series(@Query(STATISTIC_PARAMETERS.series) query: SeriesQuery): Promise<SeriesResponse> {
    return this.statistics.series(query);
  }

  @Get('multi-series')
  @Replied()
  multiSeries(@Query(STATISTIC_PARAMETERS.multiSeries) query: MultiSeriesQuery): Promise<MultiSeriesResponse> {
    return this.several.multiSeries(query);
  }

  @Get('top')
  @Replied()
  top(@Query(STATISTIC_PARAMETERS.top) query: TopQuery): Promise<TopResponse> {
    return this.statistics.top(query);
  }

  @Get('ranking')
  @Replied()
  ranking(@Query(STATISTIC_PARAMETERS.ranking) query: RankingQuery): Promise<RankingResponse> {
    return this.rankings.ranking(query);
  }

  @Get('total')
  @Replied()
  total(@Query(STATISTIC_PARAMETERS.total) query: TotalQuery): Promise<TotalResponse> {
    return this.statistics.total(query);
  }

  @Get('coverage')
  @Replied()
  coverage(@Query(STATISTIC_PARAMETERS.coverage) query: CoverageQuery): Promise<CoverageResponse> {
    return this.statistics.coverage(query);
  }

  @Get('annotations')
  @Replied()
  annotations(@Query(STATISTIC_PARAMETERS.annotations) query: AnnotationsQuery): Promise<AnnotationsResponse> {
    return this.noted.list(query);
  }
}
