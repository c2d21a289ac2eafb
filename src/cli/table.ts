/** The day of a time in seconds since 1970. */
export const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10)

/** Rows of equal columns, as wide as their widest cell. */
export const table = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
