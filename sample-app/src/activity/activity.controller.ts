import { Controller, Get, Header, NotFoundException, Param, Query } from '@nestjs/common';
import { TRACKED } from './activity.metrics.js';
import { activityPage } from './activity.page.js';
import {
  type Activity,
  ActivityService,
  type AuthorActivity,
  type DateRange,
  type SeriesByPeriod,
} from './activity.service.js';
import { ACTIVITY_STYLE } from './activity.style.js';
import { DaysPipe } from './days.pipe.js';

@Controller()
export class ActivityController {
  constructor(private readonly activity: ActivityService) {}

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  async page(@Query('days', DaysPipe) days: number): Promise<string> {
    return activityPage(await this.activity.activity(days), await this.activity.latestCommits(8)).text;
  }

  @Get('style.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  style(): string {
    return ACTIVITY_STYLE;
  }

  @Get('statistics.json')
  statistics(@Query('days', DaysPipe) days: number): Promise<Activity> {
    return this.activity.activity(days);
  }

  @Get('statistics/commits_by_author.json')
  async byAuthor(@Query('days', DaysPipe) days: number): Promise<{ range: DateRange; authors: AuthorActivity[] }> {
    const range = await this.activity.range(days);
    return { range, authors: await this.activity.topAuthors(range, 100) };
  }

  @Get('statistics/:metric.json')
  async metric(
    @Param('metric') metric: string,
    @Query('days', DaysPipe) days: number,
  ): Promise<{ metric: string; name: string; range: DateRange; series: SeriesByPeriod }> {
    if (!isTracked(metric))
      throw new NotFoundException(`There are ${Object.keys(TRACKED).join(', ')} and commits_by_author`);
    const { key, name = metric } = TRACKED[metric].metric;
    const range = await this.activity.range(days);
    return { metric: key, name, range, series: await this.activity.series(metric, range) };
  }
}

function isTracked(metric: string): metric is keyof typeof TRACKED {
  return Object.hasOwn(TRACKED, metric);
}
