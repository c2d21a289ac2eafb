import { join } from 'node:path'
import { storeKeyOf } from '../../src/domain/bytes.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { of, registerKey } from './calls.ts'
import { keyBytes, keyBytesIn, startRotating } from './key-rotation.ts'

/*
 * A process of its own that changes the keys of its database while clients make and read keys, until it is killed or all is
 * done. Argument: the data directory. Prints `at <n>` when the first n hundred rows are under the second store key, `ack <id> <index>` for each key made, `wrong <id>` for each that is
 * not what was made, and `done`.
 */

const [directory = ''] = process.argv.slice(2)

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const server = await startRotating(await openSqliteStore({ path: join(directory, 'kmipd.db') }), directory)
const client = server.client('busy')
let over = false

let hundreds = 0

/** Whether the last row of the next hundred is under the second store key. */
const isNextSealed = async (): Promise<boolean> => {
  const [placed] = await server.store.objects.rows((hundreds + 1) * 100 - 1, 1)
  return placed !== undefined && placed.sequence === (hundreds + 1) * 100 && storeKeyOf(placed.row.mac) === 2
}

const tellProgress = async (): Promise<void> => {
  while (await isNextSealed()) {
    hundreds += 1
    say(`at ${hundreds}`)
  }
}

const work = async (): Promise<void> => {
  const made: string[] = []
  for (let index = 0; !over; index += 1) {
    await tellProgress()
    const id = await registerKey(client, '2.1', keyBytes(index))
    say(`ack ${id} ${index}`)
    made.push(id)
    const earlier = (index * 7) % made.length
    const answer = await client.attempt('2.1', 'Get', of(made[earlier] ?? id))
    if (keyBytesIn(answer.payload) !== keyBytes(earlier).toString('hex')) say(`wrong ${made[earlier] ?? ''}`)
  }
}

say('at 0')
const working = work()
await server.settled()
over = true
await working
await server.stop()
say('done')
