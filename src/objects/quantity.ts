/** `500m`, `1Gi`, `2e3` …: the number as the canonical text, or null when it is not a quantity. */
export declare function canonicalQuantity(text: string): string | null
/** In thousandths, rounded up: cpu `500m` is 500. Null: not a quantity. */
export declare function milliUnits(quantity: string): number | null
/** In whole units, rounded up: memory `1Ki` is 1024. Null: not a quantity. */
export declare function wholeUnits(quantity: string): number | null
export declare function compareQuantities(a: string, b: string): number
