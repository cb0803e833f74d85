import { Controller, Get, UseGuards } from '@nestjs/common';
import { ReaderGuard } from '../login/reader.guard.js';
import { ActivityService } from './activity.service.js';

@Controller()
@UseGuards(ReaderGuard)
export class ActivityController {
  constructor(private readonly activity: ActivityService) {}

  @Get('activity.json')
  statistics() {
    return this.activity.activity();
  }
}
