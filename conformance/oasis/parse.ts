import { SaxesParser } from 'saxes'

/** One element of a case: a field with a value, or a structure. */
export type Element = {
  readonly name: string
  /** `Structure` where the case gives none. */
  readonly type: string
  readonly value: string | undefined
  /** Tag of a `TTLV` element, which stands for one without a name. */
  readonly tag: string | undefined
  readonly children: readonly Element[]
}

export type Exchange = { readonly request: Element; readonly response: Element }

type Open = { name: string; attributes: Record<string, string>; children: Element[] }

const finished = ({ name, attributes, children }: Open): Element => ({
  name,
  type: attributes['type'] ?? 'Structure',
  value: attributes['value'],
  tag: attributes['tag'],
  children,
})

const parseXml = (text: string): readonly Element[] => {
  const parser = new SaxesParser()
  const root: Open = { name: '', attributes: {}, children: [] }
  const open: Open[] = [root]
  let failure: Error | undefined
  parser.on('error', (error) => {
    failure ??= error
  })
  parser.on('opentag', ({ name, attributes }) => {
    open.push({ name, attributes: { ...attributes }, children: [] })
  })
  parser.on('closetag', () => {
    const closed = open.pop()
    if (closed !== undefined) open.at(-1)?.children.push(finished(closed))
  })
  parser.write(text).close()
  if (failure !== undefined) throw failure
  return root.children
}

/** The exchanges of a case file, in their order. A message without its counterpart is left out: it is the server's own. */
export const parseCase = (text: string): readonly Exchange[] => {
  const [root] = parseXml(text)
  const messages = root?.children.filter(({ name }) => name.endsWith('Message')) ?? []
  const exchanges: Exchange[] = []
  for (const [index, message] of messages.entries()) {
    const response = messages[index + 1]
    if (message.name === 'RequestMessage' && response?.name === 'ResponseMessage')
      exchanges.push({ request: message, response })
  }
  return exchanges
}
