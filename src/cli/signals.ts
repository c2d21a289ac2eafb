/** Resolves when the process is told to stop; told again, it stops at once and leaves the rest undone. */
export const untilStopped = (): Promise<string> => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const stop = (signal: NodeJS.Signals): void => {
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
    resolve(signal)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return promise
}

/** Calls `reload` on each SIGHUP; the result ends that. */
export const onReload = (reload: () => void): (() => void) => {
  process.on('SIGHUP', reload)
  return () => void process.off('SIGHUP', reload)
}
