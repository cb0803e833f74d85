import sql from 'sql-template-tag';
import type { Database } from '../database/database.js';
import { execute, type Work } from '../database/work.js';
import { DomainHasMetricsError, RefTakenError } from '../errors/catalog.error.js';
import { readDomain, type DomainTarget } from './definitions.js';
import { Domain } from './domain.entity.js';
import { domainKeyOf, ensureDomain, findDomain, lockDomain, selectDomains, unknownDomain } from './domain.query.js';
import { selectMetrics } from './metric.query.js';
import { byText } from './order.js';
import { checkRef } from './ref.js';

/** Lists, finds, registers, renames and removes the stored domains. */
export class DomainService {
  /** @internal the module creates it */
  constructor(private readonly database: Database) {}

  /**
   * Stores a domain, or updates the name of the stored one. Concurrent calls are safe.
   *
   * @throws InvalidRefError, InvalidNameError
   * @example await domains.register({ ref: 'shopping', name: 'Shopping' });
   */
  async register(d: { ref: string; name?: string | undefined }): Promise<Domain> {
    const { ref, name } = readDomain('DomainService.register', d);
    return this.database.transaction(() => this.store(ref, name));
  }

  /**
   * Returns the stored domain, or null.
   *
   * @throws InvalidRefError
   */
  async find(target: DomainTarget): Promise<Domain | null> {
    domainKeyOf(target);
    return this.database.read(() => findDomain(this.database, target));
  }

  /** Returns all domains, ordered by ref. */
  async list(): Promise<Domain[]> {
    const domains = await this.database.read(() => selectDomains(this.database, sql`1 = 1`));
    return domains.sort((a, b) => byText(a.ref, b.ref));
  }

  /**
   * Changes the ref of a domain. Its metrics and their statistics stay. Change the definition in your code, too.
   *
   * @throws UnknownDomainError, InvalidRefError
   * @throws RefTakenError if another domain has the new ref
   */
  async rename(target: DomainTarget, newRef: string): Promise<Domain> {
    const ref = checkRef(newRef);
    domainKeyOf(target);
    return this.database.transaction(() => this.updateRef(target, ref));
  }

  /**
   * Removes a domain.
   *
   * @throws UnknownDomainError
   * @throws DomainHasMetricsError while it has metrics
   */
  async remove(target: DomainTarget): Promise<void> {
    domainKeyOf(target);
    return this.database.transaction(() => this.deleteDomain(target));
  }

  private *store(ref: string, name: string | undefined): Work<Domain> {
    const domain = yield* ensureDomain(this.database, { ref, name });
    if (name === undefined || domain.name === name) return domain;
    const table = this.database.table(Domain);
    yield* execute(sql`UPDATE ${table.path} SET ${table.column('name')} = ${this.database.dialect.text(name)}
WHERE ${table.column('id')} = ${this.database.dialect.integer(domain.id)}`);
    return Object.assign(domain, { name });
  }

  private *updateRef(target: DomainTarget, ref: string): Work<Domain> {
    const { database } = this;
    const domain = yield* this.lockOrThrow(target);
    if (domain.ref === ref) return domain;
    if ((yield* findDomain(database, ref)) !== null) throw new RefTakenError('domain', ref);
    const table = database.table(Domain);
    try {
      yield* execute(sql`UPDATE ${table.path} SET ${table.column('ref')} = ${database.dialect.text(ref)}
WHERE ${table.column('id')} = ${database.dialect.integer(domain.id)}`);
    } catch (error) {
      // another transaction has taken the ref since `findDomain`
      throw database.driver.isDuplicateKey(error) ? new RefTakenError('domain', ref) : error;
    }
    return Object.assign(domain, { ref });
  }

  private *deleteDomain(target: DomainTarget): Work<void> {
    const { database } = this;
    const domain = yield* this.lockOrThrow(target);
    const table = database.table(Domain);
    const id = database.dialect.integer(domain.id);
    const metrics = yield* selectMetrics(database, sql`d.${table.column('id')} = ${id}`);
    if (metrics.length > 0)
      throw new DomainHasMetricsError(
        domain.ref,
        metrics.map(({ key }) => key),
      );
    yield* execute(sql`DELETE FROM ${table.path} WHERE ${table.column('id')} = ${id}`);
  }

  private *lockOrThrow(target: DomainTarget): Work<Domain> {
    const domain = yield* lockDomain(this.database, domainKeyOf(target));
    if (domain === null) throw yield* unknownDomain(this.database, target);
    return domain;
  }
}
