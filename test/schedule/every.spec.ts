import { nextSlot, slotAt } from '../../lib/schedule/every.js';

describe('slots of an interval', () => {
  const quarter = 15 * 60_000;

  it('are its multiples since 1970', () => {
    expect(slotAt(quarter, new Date('2026-10-31T10:20:00Z'))).toEqual(new Date('2026-10-31T10:15:00Z'));
    expect(nextSlot(quarter, new Date('2026-10-31T10:20:00Z'))).toEqual(new Date('2026-10-31T10:30:00Z'));
  });

  it('begin at their instant', () => {
    const slot = new Date('2026-10-31T10:15:00Z');
    expect(slotAt(quarter, slot)).toEqual(slot);
    expect(nextSlot(quarter, slot)).toEqual(new Date('2026-10-31T10:30:00Z'));
    expect(slotAt(quarter, new Date(slot.getTime() - 1))).toEqual(new Date('2026-10-31T10:00:00Z'));
  });

  it('are the same for intervals that no clock shows', () => {
    expect(slotAt(7_000, new Date(20_999))).toEqual(new Date(14_000));
    expect(nextSlot(7_000, new Date(20_999))).toEqual(new Date(21_000));
  });
});
