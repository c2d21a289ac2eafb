/**
 * A result that is there already, or that will be. What an embedded database and a cache can answer at once stays free
 * of promises: each one costs a turn of the queue on the way of every request (docs/decisions/002).
 */
export type MaybePromise<T> = T | Promise<T>

export const isPromise = <T>(value: MaybePromise<T>): value is Promise<T> => value instanceof Promise

/** Goes on with `next` at once where `value` is there, and later where it is not. */
export const then = <T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> =>
  isPromise(value) ? value.then(next) : next(value)
