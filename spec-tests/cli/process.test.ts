import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import manifest from '../../package.json' with { type: 'json' }
import { temporaryDirectory } from '../helpers/temporary.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

type Ending = { readonly code: number | null; readonly out: string; readonly err: string }

const newDirectory = (): string => temporaryDirectory('cli')

/** Runs the program as a user does, in a directory of its own and with none of our settings. */
const kmipd = (args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = newDirectory()): Ending => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
  })
  return { code: status, out: stdout, err: stderr }
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

void test('command line: help and version', (t) => {
  const version = kmipd(['--version'])
  t.same([version.code, version.out, version.err], [0, `${manifest.version}\n`, ''])
  const help = kmipd(['--help'])
  t.equal(help.code, 0)
  for (const command of ['init', 'serve', 'client', 'selftest']) t.match(help.out, command)
  t.match(kmipd(['serve', '--help']).out, '--limits-idle-timeout', 'every setting is a flag')
  t.end()
})

void test('command line: wrong use is exit code 2 and one line each', (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['serve', '--prt', '1'], /unknown option '--prt'.*--port/],
    [['serve', '--port'], /argument missing/],
    [['serve', '--port', 'x'], /--port: .*number/],
    [['serve', '--root-key-passphrase', 'x'], /unknown option '--root-key-passphrase'/],
    [['client', 'add'], /missing required argument 'name'/],
    [['client', 'add', '../x'], /client name/],
    [['client', 'add', 'x', '--cert', 'a', '--csr', 'b'], /exclude each other/],
    [['client', 'add', 'x', '--cert', 'a', '--out', 'b'], /--out has no meaning/],
    [['init', '--config', 'absent.toml'], /absent\.toml: cannot be read/],
  ]
  for (const [args, message] of cases) {
    const { code, out, err } = kmipd(args)
    t.same([code, out], [2, ''], args.join(' '))
    t.match(err, message)
    t.match(err, /^kmipd: [^\n]+\n$/, 'one plain line')
  }
  t.end()
})

void test('command line: all problems of the configuration, one line each', (t) => {
  const directory = newDirectory()
  writeFileSync(join(directory, 'some.toml'), 'prot = 1\n')
  const env = { KMIPD_PROT: '1', KMIPD_CONFIG: 'some.toml' }
  const { code, err } = kmipd(['serve', '--port', '70000'], env, directory)
  t.equal(code, 2)
  t.equal(linesOf(err).length, 3)
  t.match(err, /some\.toml: prot: is no setting/)
  t.match(err, /KMIPD_PROT: is no setting; did you mean KMIPD_PORT\?/)
  t.match(err, /--port: /)
  t.notOk(existsSync(join(directory, 'data')), 'nothing was made')
  t.end()
})

void test('command line: what fails is exit code 1 and one line without a stack', (t) => {
  const used = newDirectory()
  writeFileSync(join(used, 'root.key'), 'precious')
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['init', '--data', used], /root\.key exists already/],
    [['client', 'list'], /is not set up/],
    [['client', 'add', 'alice'], /is not set up/],
    [['selftest'], /server\.crt cannot be read/],
  ]
  for (const [args, message] of cases) {
    const { code, err } = kmipd(args)
    t.equal(code, 1, args.join(' '))
    t.match(err, message)
    t.match(err, /^kmipd: [^\n]+\n$/)
  }
  t.end()
})

void test('command line: a reader that goes away, as head does, ends it quietly', (t) => {
  const line = '{ "$0" "$1" --help; echo "ended with $?" >&2; } | :'
  const { stderr } = spawnSync('sh', ['-c', line, process.execPath, MAIN], { encoding: 'utf8' })
  t.equal(stderr, 'ended with 0\n')
  t.end()
})
