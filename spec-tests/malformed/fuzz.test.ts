import fc from 'fast-check'
import { test } from 'tap'
import { anyValue } from '../../src/schema/combinators.ts'
import { SchemaError } from '../../src/schema/error.ts'
import { requestMessage, responseMessage } from '../../src/protocol/message.ts'
import { attributeList } from '../../src/protocol/attribute-wire.ts'
import { symmetricKey } from '../../src/protocol/structures/managed-objects.ts'
import { plainKeyValue, transparentKeyMaterial } from '../../src/protocol/structures/key-block.ts'
import { TAG } from '../../src/protocol/tags.ts'
import type { Kind } from '../../src/schema/kind.ts'
import { struct } from '../../src/schema/struct.ts'
import { VERSIONS } from '../../src/schema/version.ts'
import { TtlvError } from '../../src/ttlv/error.ts'
import { createFrameSplitter } from '../../src/ttlv/frame.ts'
import { scan } from '../../src/ttlv/scan.ts'
import { tagPath } from '../../src/ttlv/tag-path.ts'
import { Writer } from '../../src/ttlv/writer.ts'
import { arbitraryAttribute, arbitraryFields, structureOf } from '../helpers/arbitrary.ts'
import { structure } from '../helpers/ttlv.ts'

structureOf('Key Material', transparentKeyMaterial)
structureOf('Key Value', plainKeyValue)

const SECONDS = { numRuns: 20_000, interruptAfterTimeLimit: 1500 }
const writer = new Writer()

type Tree = { readonly tag: number; readonly value?: never; readonly children: readonly Tree[] } | Leaf
type Leaf = { readonly tag: number; readonly value: { readonly type: string; readonly value: unknown } }

const tag = fc.constantFrom(...Object.values(TAG))
const leaf = (value: unknown): fc.Arbitrary<unknown> => fc.record({ tag, value: fc.constant(value) })

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    arbitraryAttribute('2.1')
      .filter((given) => (given as { name: string }).name === 'VendorAttribute')
      .chain((given) => leaf((given as { value: unknown }).value)) as fc.Arbitrary<Leaf>,
    fc.record({ tag, children: fc.array(tie('tree'), { maxLength: 4 }) }),
  ),
}))

const encode = (node: Tree): void => {
  if (node.value !== undefined) {
    anyValue.compile('2.1').write(writer, node.tag, node.value as never)
    return
  }
  const start = writer.begin(node.tag)
  for (const child of node.children) encode(child)
  writer.end(start)
}

void test('1.4 §9.1 / 2.1 §10.1: any tree of items that is written is one that is accepted', (t) => {
  const property = fc.property(tree, (node) => {
    writer.reset()
    encode(node)
    scan(writer.bytes(), true)
    return tagPath(writer.bytes(), 0)[0] === node.tag
  })
  t.doesNotThrow(() => fc.assert(property, { ...SECONDS, numRuns: 1000 }))
  t.end()
})

const listed = struct('Listed', { list: attributeList('required') })

const KINDS: readonly Kind<unknown>[] = [requestMessage, responseMessage, symmetricKey, listed]

/** Reads a message as the server does; only errors that it knows how to answer may come out. */
const survives = (bytes: Buffer): boolean => {
  try {
    scan(bytes, true)
  } catch (error) {
    if (!(error instanceof TtlvError)) throw error
    tagPath(bytes, error.offset)
    return true
  }
  for (const kind of KINDS) {
    for (const version of ['1.0', '1.4', '2.1'] as const) {
      try {
        kind.compile(version).read(bytes, 0)
      } catch (error) {
        if (!(error instanceof TtlvError || error instanceof SchemaError)) throw error
        tagPath(bytes, error.offset)
      }
    }
  }
  return true
}

const version = fc.constantFrom(...VERSIONS)
const attributes = version.chain((target) =>
  fc.array(arbitraryAttribute(target), { maxLength: 3 }).map((given) => ({ target, given })),
)

const message = fc.oneof(
  attributes.map(({ target, given }) => {
    writer.reset()
    listed.compile(target).write(writer, TAG.RequestPayload, { list: { templates: [], attributes: given as never } })
    return Buffer.from(writer.bytes())
  }),
  version.chain((target) =>
    arbitraryFields(symmetricKey.fields, target).map((value) => {
      writer.reset()
      symmetricKey.compile(target).write(writer, TAG.SymmetricKey, value as never)
      return Buffer.from(writer.bytes())
    }),
  ),
)

type Mutation = (bytes: Buffer) => Buffer

const at = (bytes: Buffer, position: number): number => (bytes.length === 0 ? 0 : position % bytes.length)

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(255)).map(([position, byte]): Mutation => (bytes) => {
    const out = Buffer.from(bytes)
    if (out.length > 0) out[at(out, position)] = byte
    return out
  }),
  // Tags, types and lengths stand on multiples of eight: the mutations that get furthest are there.
  fc
    .tuple(fc.nat(), fc.nat(7), fc.constantFrom(0, 1, 2, 4, 5, 7, 8, 16, 0x7f, 0x80, 0xff))
    .map(([position, within, byte]): Mutation => (bytes) => {
      const out = Buffer.from(bytes)
      if (out.length >= 8) out[(at(out, position) & ~7) + within] = byte
      return out
    }),
  fc.nat().map(
    (position): Mutation =>
      (bytes) =>
        bytes.subarray(0, at(bytes, position)),
  ),
  fc.tuple(fc.nat(), fc.nat(), fc.nat(64)).map(
    ([from, to, length]): Mutation =>
      (bytes) =>
        Buffer.concat([
          bytes.subarray(0, at(bytes, to) & ~7),
          bytes.subarray(at(bytes, from) & ~7, (at(bytes, from) & ~7) + (length & ~7)),
          bytes.subarray(at(bytes, to) & ~7),
        ]),
  ),
  // A change of size that the outermost length knows of.
  fc.nat(64).map(
    (extra): Mutation =>
      (bytes) =>
        structure(TAG.RequestPayload, bytes, Buffer.alloc(extra & ~7)),
  ),
)

void test('1.4 §9.1 / 2.1 §10.1: mutated messages are refused with an error that can be answered', (t) => {
  const property = fc.property(message, fc.array(mutation, { minLength: 1, maxLength: 4 }), (bytes, mutations) =>
    survives(mutations.reduce<Buffer>((current, mutate) => mutate(current), bytes)),
  )
  t.doesNotThrow(() => fc.assert(property, SECONDS))
  t.end()
})

void test('1.4 §9.1 / 2.1 §10.1: so are bytes that never were a message', (t) => {
  const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
  const framed = noise.map((bytes) => structure(TAG.RequestMessage, bytes))
  t.doesNotThrow(() => fc.assert(fc.property(fc.oneof(noise, framed), survives), { ...SECONDS, numRuns: 5000 }))
  t.end()
})

void test('1.4 §9.1: a stream of noise ends in messages or in an error that can be answered', (t) => {
  const chunks = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc.constant(structure(TAG.RequestMessage)),
      fc.nat(64).map((length) => structure(TAG.RequestMessage, Buffer.alloc(length))),
    ),
    { maxLength: 8 },
  )
  const property = fc.property(chunks, (stream) => {
    const splitter = createFrameSplitter({ tag: TAG.RequestMessage, maxSize: 48 })
    try {
      for (const chunk of stream) {
        for (const frame of splitter.push(chunk)) if (frame.length > 48) return false
      }
    } catch (error) {
      return error instanceof TtlvError
    }
    return splitter.pending < 48
  })
  t.doesNotThrow(() => fc.assert(property, { ...SECONDS, numRuns: 3000 }))
  t.end()
})
