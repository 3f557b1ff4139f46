declare const brand: unique symbol
/** Makes two types of the same shape distinct: only a checked constructor casts to it. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
