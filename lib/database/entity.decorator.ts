import { Entity, type EntityOptions } from 'typeorm';

/**
 * TypeORM's `@Entity`, under a name that no entity of an application has. TypeORM and Nest know an entity by the name of
 * its class as well: `@ManyToOne('Metric')`, `getRepository('Metric')` and `@InjectRepository(Metric)` of an application
 * that has a `Metric` would find the library's.
 *
 * @param name of the class at run time; in source code and for applications it keeps the one that it is written with
 */
export function NamedEntity(name: `Trackstats${string}`, options: EntityOptions & { name: string }): ClassDecorator {
  return (target) => {
    Object.defineProperty(target, 'name', { value: name });
    Entity(options)(target);
  };
}
