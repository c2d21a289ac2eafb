/**
 * The name of a tag or an enumeration value in the CamelCase of the standard (Additional Message Encodings 1.0, section
 * 6.1.3), which is also what the tables of src/protocol use.
 */
export const camelCase = (text: string): string => {
  const words = text
    .replace(/[()]/g, ' ')
    .replace(/[^A-Za-z0-9_]([A-Za-z][a-z])/g, ' $1')
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => word.replace(/[^A-Za-z0-9_]/g, '_'))
  const [first = '', ...rest] = words
  return [first.replace(/^(\d+)(.*)$/, '$2$1'), ...rest]
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}
