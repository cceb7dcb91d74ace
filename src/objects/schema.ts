export interface ObjectType {
  readonly form: 'object'
  readonly name: string
}
