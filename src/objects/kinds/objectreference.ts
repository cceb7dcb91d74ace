// biome-ignore-all format: the columns are aligned by hand
import { atomic, object, string } from '../schema.ts'

export const ObjectReference = object('ObjectReference', 'A reference to any object, or to a part of it.', {
  kind:            [1, string, 'Its kind.'],
  namespace:       [2, string, 'Its namespace.'],
  name:            [3, string, 'Its name.'],
  uid:             [4, string, 'Its uid.'],
  apiVersion:      [5, string, 'The API version of its kind.'],
  resourceVersion: [6, string, 'The version of it that is meant.'],
  fieldPath:       [7, string, 'The part of it that is meant, as spec.containers{web}.'],
}, atomic)
