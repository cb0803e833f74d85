type AnyFunction = (...args: never[]) => unknown;
type Primitive = string | number | bigint | boolean | symbol | Date | Uint8Array | AnyFunction | null | undefined;

/** A Date, a dayjs and a luxon DateTime have a `valueOf` that returns a number; a plain object does not. */
type Instant = string | number | bigint | Date | { valueOf(): number };
type Key = string | number | bigint | boolean | Date;
type Numeric = number | bigint | string; // decimals are strings in TypeORM entities

type Unlazy<T> = T extends PromiseLike<infer U> ? U : T;
type NonNull<T> = Exclude<Unlazy<T>, null | undefined>;
type Depth = [never, 0, 1, 2, 3, 4];
type IsAny<T> = 0 extends 1 & T ? true : false;

/**
 * Paths in E to a property of type Leaf: `'createdAt'`, `'order.paidAt'`. They cross to-one relations and embedded
 * objects, but no arrays.
 */
export type PathTo<E, Leaf, D extends number = 3> =
  IsAny<E> extends true
    ? string
    : string extends keyof E
      ? string // ObjectLiteral: nothing is known
      : D extends 0
        ? never
        : {
            [K in keyof E & string]:
              | (NonNull<E[K]> extends Leaf ? (NonNull<E[K]> extends AnyFunction ? never : K) : never)
              | (NonNull<E[K]> extends Primitive | readonly unknown[]
                  ? never
                  : `${K}.${PathTo<NonNull<E[K]>, Leaf, Depth[D]>}`);
          }[keyof E & string];

/** TypeScript checks paths of up to three steps. Deeper ones are checked when the application starts. */
type Deep<E> = string extends keyof E ? string : `${keyof E & string}.${string}.${string}.${string}`;

/** The path of a property that contains an instant or a date. */
export type DatePath<E> = PathTo<E, Instant> | Deep<E>;
/** The path of a property that contains a number. Decimals are text in entities. */
export type NumericPath<E> = PathTo<E, Numeric> | Deep<E>;
/** The path of a property whose values can be a dimension. An array column has values, a to-many relation entities. */
export type KeyPath<E> = PathTo<E, Key | readonly Key[] | Uint8Array> | Deep<E>;
/** The path of a to-one relation, or of a column that contains a key. */
export type ObjectPath<E> = PathTo<E, string | number | bigint | object> | Deep<E>;
