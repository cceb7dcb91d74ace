// biome-ignore-all format: the columns are aligned by hand

import { ObjectMeta } from '../meta.ts'
import { checkMaps } from '../metarules.ts'
import { always, type Check, check, object } from '../schema.ts'
import { PodSpec } from './podspec.ts'

/** Of its metadata only labels and annotations mean anything. */
const templateMetaRules: Check = ({ metadata = {} }, report) => {
  for (const { type, field, value, detail } of checkMaps(metadata)) report(type, field, value, detail)
}

export const PodTemplateSpec = object('PodTemplateSpec', 'What pods are made from.', {
  metadata: [1, ObjectMeta, 'Labels and annotations of the pods.', always],
  spec:     [2, PodSpec,    "The pods' spec.",                     always],
}, check(templateMetaRules))
