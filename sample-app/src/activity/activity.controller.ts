import { BadRequestException, Controller, Get, ParseBoolPipe, Query, UseGuards } from '@nestjs/common';
import { TrackstatsError } from 'nestjs-trackstats';
import { ReaderGuard } from '../login/reader.guard.js';
import { ActivityService } from './activity.service.js';

@Controller()
@UseGuards(ReaderGuard)
export class ActivityController {
  constructor(private readonly activity: ActivityService) {}

  @Get('activity.json')
  statistics(@Query('live', new ParseBoolPipe({ optional: true })) live = false) {
    return this.activity.activity(live);
  }

  @Get('commits.json')
  async commits(@Query('date') date: string, @Query('author') author?: string) {
    try {
      return await this.activity.commitsOf(date, author ?? null);
    } catch (error) {
      // such as a date that is none
      if (error instanceof TrackstatsError && error.kind === 'invalid') throw new BadRequestException(error.message);
      throw error;
    }
  }
}
