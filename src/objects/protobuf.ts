import type { Json } from './types.ts'
export type ProtobufBody =
  | { readonly apiVersion: string; readonly kind: string; readonly value: Json; readonly error: null }
  | { readonly value: null; readonly error: string }
/** A request body of type `application/vnd.kubernetes.protobuf`: served kinds and DeleteOptions. `value` goes to decodeObject as JSON would. */
export declare function decodeProtobuf(body: Uint8Array): ProtobufBody
