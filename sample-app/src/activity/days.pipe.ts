import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

/** The number of days in a query string: 90 where there is none. */
@Injectable()
export class DaysPipe implements PipeTransform<unknown, number> {
  transform(text: unknown): number {
    if (text === undefined) return 90;
    const days = typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(days >= 1 && days <= 3660)) throw new BadRequestException('days: a whole number from 1 to 3660 was expected');
    return days;
  }
}
