/**
 * Returns the latest multiple of an interval since 1970 at or before an instant. All replicas of an application
 * therefore have the same slots, whenever they were started.
 *
 * @param every milliseconds
 * @example slotAt(900_000, new Date('2026-10-31T10:20:00Z')) // 10:15:00Z
 */
export function slotAt(every: number, instant: Date): Date {
  return new Date(Math.floor(instant.getTime() / every) * every);
}

/** Returns the first multiple of an interval since 1970 after an instant. */
export function nextSlot(every: number, instant: Date): Date {
  return new Date(slotAt(every, instant).getTime() + every);
}
