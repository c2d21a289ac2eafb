/*
 * Runs before `npm start` and `npm test`, so that both work on a fresh clone: installs the dependencies where they are
 * missing or older than package-lock.json. One of them is Node itself, which npm then finds first; this file is plain
 * JavaScript because the Node that runs it may be too old for TypeScript.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { delimiter, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const OLDEST_NODE = 24

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lock = join(root, 'package-lock.json')
/** Written by npm at the end of every installation. */
const installed = join(root, 'node_modules', '.package-lock.json')
const isWindows = process.platform === 'win32'

const say = (text) => process.stderr.write(`kmipd: ${text}\n`)

const isInstalled = () => existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs

/** npm must not run on the very Node that it is about to replace. */
const pathWithoutModules = () =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .filter((entry) => !entry.endsWith(join('node_modules', '.bin')) && !entry.includes(`node_modules${sep}npm`))
    .join(delimiter)

const install = () => {
  say('installing dependencies, this once')
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env: { ...process.env, PATH: pathWithoutModules() },
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: isWindows,
  })
  if (error === undefined && status === 0) return true
  say(error === undefined ? 'npm ci failed, see above' : `npm cannot be run: ${error.message}`)
  say(`run "npm ci" in ${root} where the npm registry can be reached, and start again`)
  return false
}

/** The Node that npm scripts are run by: the one that was installed, or else whichever is on the path. */
const scriptNode = () => {
  const own = join(root, 'node_modules', '.bin', isWindows ? 'node.cmd' : 'node')
  return existsSync(own) ? own : 'node'
}

/** What an installation can lack although npm is content: a Node that is new enough, and the native database. */
const PROBE = `
if (Number.parseInt(process.versions.node, 10) < ${OLDEST_NODE}) {
  console.error('kmipd: needs Node ${OLDEST_NODE} or newer; npm scripts are run by Node ' + process.versions.node)
  process.exit(1)
}
try {
  new (require('better-sqlite3'))(':memory:').close()
} catch (error) {
  console.error('kmipd: better-sqlite3 does not load: ' + error.message.split('\\n')[0])
  process.exit(1)
}`

const works = () =>
  spawnSync(scriptNode(), ['--input-type=commonjs', '--eval', PROBE], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: isWindows,
  }).status === 0

const modules = (...path) => join(root, 'node_modules', ...path)

/** The test class of tap: as it is delivered, it has the plugin that package.json turns off. */
const tapClass = modules('@tapjs', 'test', 'test-built', 'dist', 'esm', 'index.js')

const isTapBuilt = () => !existsSync(tapClass) || !readFileSync(tapClass, 'utf8').includes('@tapjs/typescript')

/**
 * tap makes its test class anew when the plugins change, but only after that run has loaded the old one: without this,
 * the first `npm test` after an installation fails. Without development dependencies there is no tap.
 */
const buildTap = () => {
  const tap = modules('@tapjs', 'run', 'dist', 'esm', 'index.js')
  const { status } = spawnSync(scriptNode(), [tap, 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) say('tap cannot be built, see above')
  return status === 0
}

const isReady = (isInstalled() || (install() && works())) && (isTapBuilt() || buildTap())
if (!isReady) process.exitCode = 1
