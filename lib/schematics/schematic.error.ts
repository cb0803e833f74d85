/**
 * Thrown if the project cannot be edited. Nothing was changed then.
 *
 * It is no TrackstatsError: those are in the file of the library itself, which loads Nest and TypeORM.
 */
export class SchematicError extends Error {
  /**
   * @param given what was given or found
   * @param expected what was expected and what to do, in sentences
   */
  constructor(given: string, expected: string) {
    super(`${given} ${expected}`);
    this.name = new.target.name;
  }
}
