/** Calls `sweep` from time to time for as long as it says that there is something left. */
export const createWatch = (seconds: number, sweep: () => boolean): (() => void) => {
  let timer: NodeJS.Timeout | undefined
  const watch = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      if (sweep()) watch()
    }, seconds * 1000).unref()
  }
  return watch
}
