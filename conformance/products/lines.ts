/** A line of a transcript with the lines below it. */
export type Line = { readonly number: number; readonly text: string; readonly children: readonly Line[] }

type Open = { readonly indent: number; readonly children: Line[]; column: number | undefined }

/** A sharp sign at the beginning of a line, or between blanks, begins a comment. */
const withoutComment = (line: string): string => line.replace(/(^|\s)#(\s.*)?$/, '')

/**
 * Reads a transcript into its lines, by their indentation.
 * @throws Error where lines that belong together do not stand in one column
 */
export const readLines = (text: string): readonly Line[] => {
  const top: Line[] = []
  const open: Open[] = [{ indent: -1, children: top, column: undefined }]
  for (const [index, raw] of text.split('\n').entries()) {
    const line = withoutComment(raw)
    if (line.trim() === '') continue
    const indent = line.search(/\S/)
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop()
    const parent = open.at(-1)
    if (parent === undefined || (parent.column ??= indent) !== indent)
      throw new Error(`line ${index + 1} stands in no column of those before it`)
    const children: Line[] = []
    parent.children.push({ number: index + 1, text: line.trim(), children })
    open.push({ indent, children, column: undefined })
  }
  return top
}
