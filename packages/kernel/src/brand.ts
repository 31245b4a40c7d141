declare const brand: unique symbol;

/** A nominal type: `Brand<number, 'Offset'>` is a number that only `Offset(...)` can make. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
