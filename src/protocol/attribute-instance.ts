import type { AnyValue } from '../schema/combinators.ts'
import type { Tagged } from '../schema/tagged.ts'
import type { ATTRIBUTES, AttributeName } from './attributes.ts'
import type { LinkType } from './enumerations.ts'

/**
 * One instance of an attribute of the standard. `index` is the Attribute Index of 1.x: given where a client named one,
 * and on every stored instance (1.4 section 2.1.1).
 */
export type StandardAttribute = Tagged<typeof ATTRIBUTES>

/**
 * An attribute the standard does not define. Vendors `x` and `y` are the `x-` and `y-` custom attributes of 1.x, so that
 * both families of versions see the same attribute (1.4 section 3.39, 2.1 section 4.60).
 */
export type VendorAttribute = {
  readonly name: 'VendorAttribute'
  readonly vendor: string
  readonly attributeName: string
  readonly index?: number | undefined
  readonly value: AnyValue
}

export type Attribute = StandardAttribute | VendorAttribute

/** An attribute named without a value; `Unknown` is a name that no version defines. */
export type AttributeRef =
  | {
      readonly name: AttributeName
      /** Of Link: only those of one kind, which is an attribute of its own in 3.0. */
      readonly linkType?: LinkType | undefined
    }
  | { readonly name: 'VendorAttribute'; readonly vendor: string; readonly attributeName: string }
  | { readonly name: 'Unknown'; readonly label: string }
