import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PRODUCTS } from '../src/cli/products/catalog.ts'
import type { CredentialForm, Product } from '../src/cli/products/product.ts'
import { stepsOf, type Way } from '../src/cli/products/steps.ts'
import { COMPATIBILITY_PROFILES, SWITCHES } from '../src/domain/compatibility.ts'
import { table } from './table.ts'

/** A page for each product, from the data that `client add --for` goes by. */

const transcripts = join(import.meta.dirname, '../conformance/products/transcripts')

const hasTranscript = (name: string): boolean => existsSync(join(transcripts, `${name}.kmip`))

const FORMS: Readonly<Record<CredentialForm, readonly [what: string, certificate: string, key: string, file: string]>> =
  {
    pair: ['certificate and key in PEM', 'NAME.crt', 'NAME.key', ''],
    single: ['one PEM file with certificate and key', 'NAME.pem', 'NAME.pem', 'NAME.pem'],
    pkcs12: ['a PKCS#12 container with a password', 'NAME.crt', '', 'NAME.p12'],
    java: ['a keystore for Java (PKCS#12, which Java reads under any name)', 'NAME.crt', '', 'NAME.jks'],
  }

const factsOf = ({ form }: Product, way: Way) => {
  const [, certificate, key, file] = FORMS[form]
  const made = way === 'made' ? certificate : 'NAME.crt'
  return {
    name: 'NAME',
    host: 'HOST',
    port: '5696',
    ca: 'ca.crt',
    certificate: made,
    key,
    file,
    password: 'NAME.password',
  }
}

const COMMANDS: Readonly<Record<Way, string>> = { made: '', csr: ' --csr FILE', pin: ' --cert FILE' }

const HEADINGS: Readonly<Record<Way, string>> = {
  made: 'With a certificate made here',
  csr: 'With a certificate request of the product',
  pin: 'With the certificate that the product made itself',
}

const section = (name: string, product: Product, way: Way): string => `## ${HEADINGS[way]}

\`\`\`
kmipd client add NAME --for ${name}${COMMANDS[way]}
\`\`\`

Then, ${product.place}:

\`\`\`text
${stepsOf(product, way, factsOf(product, way)).join('\n')}
\`\`\`
`

const ways = (product: Product): readonly Way[] => [
  'made',
  ...(product.csr === undefined ? [] : (['csr'] as const)),
  ...(product.pin === undefined ? [] : (['pin'] as const)),
]

const compatibility = ({ profiles = [] }: Product): string =>
  profiles.length === 0
    ? ''
    : `## Compatibility

${profiles
  .flatMap((profile) => COMPATIBILITY_PROFILES[profile].switches.map((name) => `\`${profile}\`: ${SWITCHES[name]}`))
  .join('\n\n')}
`

const notes = ({ notes: list = [], legacySuites }: Product): string => {
  const all = [
    ...(legacySuites === true ? ['It speaks the TLS suites of KMIP 1.x only: `tls.legacy-suites = true`.'] : []),
    ...list,
  ]
  return all.length === 0 ? '' : `## Notes\n\n${all.map((note) => `- ${note}`).join('\n')}\n`
}

const page = (name: string, product: Product, notice: string): string => `<!-- ${notice} -->

# ${product.title}

Speaks KMIP ${product.versions}. \`client add\` makes ${FORMS[product.form][0]}${product.profiles === undefined ? '' : ' and grants what the product needs'}.${
  hasTranscript(name) ? ` What it sends is played by \`npm run conformance:products -- ${name}\`.` : ''
}

${ways(product)
  .map((way) => section(name, product, way))
  .join('\n')}
${compatibility(product)}
${notes(product)}`

const index = (notice: string): string => `<!-- ${notice} -->

# Products

\`kmipd client add NAME --for PRODUCT\` makes what the product's screen asks for, grants what it needs, and says what to do
there. \`--csr FILE\` signs a request that the product made, \`--cert FILE\` trusts a certificate of its own, \`--form\` hands out
another form.

${table(
  ['Product', '`--for`', 'KMIP', 'Gets', 'Profile', 'Played'],
  [...PRODUCTS].map(([name, product]) => [
    `[${product.title}](${name}.md)`,
    `\`${name}\``,
    product.versions,
    FORMS[product.form][0],
    product.profiles?.join(', ') ?? '',
    hasTranscript(name) ? 'yes' : '',
  ]),
)}

## Compatibility profiles

\`client set NAME --profile PROFILE\` grants one to any client.

${table(
  ['Profile', 'For', 'What it grants'],
  Object.entries(COMPATIBILITY_PROFILES).map(([name, { switches, why }]) => [
    `\`${name}\``,
    why,
    switches.map((one) => SWITCHES[one]).join(' '),
  ]),
)}
`

/** Paths and texts of all pages. */
export const productDocuments = (notice: string): readonly (readonly [path: string, text: string])[] => [
  ['docs/products/README.md', index(notice)],
  ...[...PRODUCTS].map(([name, product]) => [`docs/products/${name}.md`, page(name, product, notice)] as const),
]
