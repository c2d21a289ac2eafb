import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { runCli } from '../../src/cli/run.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { recordingIo } from './recording-io.ts'

/* `kmipd selftest --oasis`: cases in the form of the official ones, played by the real program. */

const message = (kind: 'Request' | 'Response', header: string, item: string): string =>
  `<${kind}Message><${kind}Header><ProtocolVersion><ProtocolVersionMajor type="Integer" value="1"/>
  <ProtocolVersionMinor type="Integer" value="2"/></ProtocolVersion>${header}<BatchCount type="Integer" value="1"/>
  </${kind}Header><BatchItem><Operation type="Enumeration" value="DiscoverVersions"/>${item}</BatchItem></${kind}Message>`

const VERSION = (minor: number): string =>
  `<ProtocolVersion><ProtocolVersionMajor type="Integer" value="1"/>
  <ProtocolVersionMinor type="Integer" value="${minor}"/></ProtocolVersion>`

/** A case that asks for 1.2 and expects this version. */
const caseOf = (minor: number): string =>
  `<KMIP>${message('Request', '', `<RequestPayload>${VERSION(2)}</RequestPayload>`)}${message(
    'Response',
    '<TimeStamp type="DateTime" value="$NOW"/>',
    `<ResultStatus type="Enumeration" value="Success"/><ResponsePayload>${VERSION(minor)}</ResponsePayload>`,
  )}</KMIP>`

const play = async (...words: readonly string[]) => {
  const io = recordingIo()
  const code = await runCli(['selftest', ...words], {
    io,
    loadProgram: () => Promise.reject(new Error('no program')),
    environment: {},
    directory: temporaryDirectory('oasis'),
  })
  return { code, out: io.lines.out.join('\n'), err: io.lines.err.join('\n') }
}

const folderWith = (files: Readonly<Record<string, string>>): string => {
  const folder = temporaryDirectory('oasis-cases')
  mkdirSync(join(folder, '1.2'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, '1.2', `${name}.xml`), text)
  return folder
}

void test('kmipd selftest --oasis: cases are played in each encoding, and counted by version', async (t) => {
  const folder = folderWith({
    'TC-1-12': caseOf(2),
    'MSGENC-HTTPS-M-1-12': caseOf(2),
    'MSGENC-JSON-M-1-12': caseOf(2),
    'MSGENC-XML-M-1-12': caseOf(2),
  })
  const { code, out } = await play('--oasis', folder)
  t.match(out, /^1\.2 +4 of +4 pass$/m)
  t.match(out, '4 passed, 0 failed, 0 skipped')
  t.equal(code, 0)
})

void test('kmipd selftest --oasis: a case that does not pass is told, and so it ends', async (t) => {
  const { code, out, err } = await play(
    '--oasis',
    folderWith({ 'MSGENC-JSON-M-1-12': caseOf(1), 'TC-2-12': caseOf(2) }),
  )
  t.match(out, /1\.2 MSGENC-JSON-M-1-12:\n {2}step 0: ProtocolVersionMinor is 2, not 1/)
  t.match(out, '1 passed, 1 failed, 0 skipped')
  t.match(err, 'kmipd: not all cases pass that should')
  t.equal(code, 1)
})

void test('kmipd selftest --oasis: a folder that is not there is wrong use', async (t) => {
  t.match(await play('--oasis', '/no/such/folder'), { code: 2, err: /\/no\/such\/folder does not exist/ })
})
