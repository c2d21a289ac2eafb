import { test } from 'tap'
import { stirRandom } from '../../src/keystore/stir-random.ts'

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

void test('random numbers of an HSM: the first are there before anything is made, and none are left behind', async (t) => {
  const drawn: Buffer[] = []
  const stirred: string[] = []
  const draw = (length: number): Promise<Buffer> => {
    const material = Buffer.alloc(length, drawn.length + 1)
    drawn.push(material)
    return Promise.resolve(material)
  }
  const stirring = await stirRandom(draw, (material) => void stirred.push(material.toString('hex')), quiet)
  stirring.stop()
  t.same(stirred, [Buffer.alloc(64, 1).toString('hex')])
  t.same(drawn, [Buffer.alloc(64)], 'overwritten')
  await t.rejects(
    stirRandom(
      () => Promise.reject(new Error('away')),
      () => undefined,
      quiet,
    ),
    /away/,
    'a server that is to use them does not start without',
  )
})
