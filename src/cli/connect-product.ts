import type { Config } from '../config/schema.ts'
import type { Ending } from '../pki/client-certificate.ts'
import { localHosts } from '../pki/local-hosts.ts'
import { localAddress } from './local-address.ts'
import { pkiOf } from './pki-of.ts'
import { PRODUCTS } from './products/catalog.ts'
import type { Product } from './products/product.ts'
import { type Facts, stepsOf, type Way } from './products/steps.ts'
import { UsageError } from './usage-error.ts'

/** @throws UsageError where there is no such product */
export const productNamed = (name: string): Product => {
  const product = PRODUCTS.get(name)
  if (product === undefined) throw new UsageError(`--for is one of ${[...PRODUCTS.keys()].join(', ')}`)
  return product
}

/** What a machine elsewhere calls this one. */
const hostOf = (config: Config): string => {
  const address = localAddress(config)
  return address === '127.0.0.1' && config.host === undefined ? (localHosts().names[0] ?? address) : address
}

/** The authority by which the product knows the server. */
const authorityOf = (config: Config): string =>
  config.tls.certificate === undefined ? pkiOf(config).authority.certificate : 'the certificate of your own authority'

const NO_PASSWORD = 'your memory'

const factsOf = (config: Config, name: string, files: ReadonlyMap<Ending, string>): Facts => {
  const certificate = files.get('crt') ?? files.get('pem') ?? ''
  return {
    name,
    host: hostOf(config),
    port: String(config.port),
    ca: authorityOf(config),
    certificate,
    key: files.get('key') ?? files.get('pem') ?? '',
    file: files.get('pem') ?? files.get('p12') ?? files.get('jks') ?? certificate,
    password: files.get('password') ?? NO_PASSWORD,
  }
}

/** What is to be done at the product, line by line. */
export const connectLines = (
  config: Config,
  product: Product,
  way: Way,
  name: string,
  files: ReadonlyMap<Ending, string>,
): readonly string[] => [
  `then, ${product.place}:`,
  ...stepsOf(product, way, factsOf(config, name, files)).map((step) => `  ${step}`),
]
