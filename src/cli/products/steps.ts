import type { Product } from './product.ts'

/** How the client got its certificate. */
export type Way = 'made' | 'csr' | 'pin'

/** What stands for the names in braces. */
export type Facts = Readonly<Record<string, string>>

const GENERIC: Readonly<Record<Exclude<Way, 'made'>, readonly string[]>> = {
  csr: [
    'set the key server: {host}, port {port}',
    'install {certificate}, the answer to its certificate request',
    'trust {ca}',
  ],
  pin: ['set the key server: {host}, port {port}', 'its own certificate is trusted already', 'trust {ca}'],
}

const stepsFor = (product: Product, way: Way): readonly string[] =>
  way === 'made' ? product.steps : (product[way] ?? GENERIC[way])

/** A name that nothing stands for is none of ours: configuration files have braces, too. */
const filledIn = (step: string, facts: Facts): string =>
  step.replace(/\{(\w+)\}/g, (braces, name: string) => facts[name] ?? braces)

/** What is to be done at the product. */
export const stepsOf = (product: Product, way: Way, facts: Facts): readonly string[] =>
  stepsFor(product, way).map((step) => filledIn(step, facts))
