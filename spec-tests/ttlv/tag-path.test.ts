import { test } from 'tap'
import { tagPath } from '../../src/ttlv/tag-path.ts'
import { hex, item, structure } from '../helpers/ttlv.ts'

const leaf = item(0x420020, 0x02, hex('00 00 00 08 00 00 00 00'), 4)
const message = structure(0x420078, structure(0x420077, leaf), structure(0x42000f, leaf, leaf))

void test('2.1 §10.1: the path of an offset names the structures around it', (t) => {
  const cases: readonly (readonly [offset: number, path: readonly number[]])[] = [
    [0, [0x420078]],
    [8, [0x420078, 0x420077]],
    [16, [0x420078, 0x420077, 0x420020]],
    [31, [0x420078, 0x420077, 0x420020]],
    [32, [0x420078, 0x42000f]],
    [40, [0x420078, 0x42000f, 0x420020]],
    [56, [0x420078, 0x42000f, 0x420020]],
  ]
  for (const [offset, path] of cases) t.same(tagPath(message, offset), path, `offset ${offset}`)
  t.end()
})

void test('2.1 §10.1: damaged bytes end the path, never the walk', (t) => {
  t.same(tagPath(Buffer.alloc(0), 0), [])
  t.same(tagPath(message.subarray(0, 12), 10), [0x420078])
  for (const length of [0xffffffff, 0x80000000, 0xfffffff8]) {
    const damaged = Buffer.from(message)
    damaged.writeUInt32BE(length, 20)
    t.same(tagPath(damaged, 24), [0x420078, 0x420077, 0x420020], `length ${length.toString(16)} of a leaf`)
    damaged.writeUInt32BE(length, 12)
    t.same(tagPath(damaged, 60), [0x420078, 0x420077, 0x420020], 'and of the structure around it')
    damaged.writeUInt32BE(length, 4)
    t.equal(tagPath(damaged, 60)[0], 0x420078)
  }
  t.same(tagPath(message, 1000), [], 'an offset past the end is in nothing')
  t.end()
})
