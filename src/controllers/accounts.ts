import { sameJson } from '../lib/equal.ts'
import type { ConfigMap, Namespace, ServiceAccount } from '../objects/types.ts'
import { born } from './birth.ts'
import type { Controller } from './controller.ts'
import { configMapKind, isEnding, namespaceKind, put, putNew, serviceAccountKind } from './objects.ts'
import { nothingToDo, type PlanStep, plan, planStep } from './plan.ts'

/**
 * What every namespace has for its pods: the account that they act as unless they name another, and the certificate by
 * which they know the API.
 */
export function newAccounts(caCertificatePem: string): Controller {
  return {
    name: 'accounts',
    touched({ kind, namespace, name }) {
      if (kind === namespaceKind) return [name]
      const ours = (kind === serviceAccountKind && name === accountName) || (kind === configMapKind && name === mapName)
      return ours ? [namespace] : []
    },
    keys: (cluster) => cluster.list(namespaceKind).map(({ object }) => object.metadata.name),
    reconcile(namespace, cluster, nowMs) {
      const home = cluster.get<Namespace>(namespaceKind, '', namespace)
      if (home === undefined || isEnding(home.object)) return nothingToDo
      const seed = `${home.object.metadata.uid ?? ''}\n${cluster.view.revision}`
      const steps: PlanStep[] = []
      if (cluster.get(serviceAccountKind, namespace, accountName) === undefined) {
        const account: ServiceAccount = { metadata: { name: accountName, namespace } }
        const write = putNew(serviceAccountKind, born(serviceAccountKind, account, seed, nowMs))
        steps.push(planStep('service account created', write))
      }
      const data = { 'ca.crt': caCertificatePem }
      const map = cluster.get<ConfigMap>(configMapKind, namespace, mapName)
      if (map === undefined) {
        const annotations = { 'kubernetes.io/description': 'The certificate of the authority that signs for the API.' }
        const object: ConfigMap = { metadata: { name: mapName, namespace, annotations }, data }
        steps.push(planStep('certificate published', putNew(configMapKind, born(configMapKind, object, seed, nowMs))))
      } else if (!isEnding(map.object) && !sameJson(map.object.data, data)) {
        steps.push(planStep('certificate published', put(map, { ...map.object, data })))
      }
      return plan(steps)
    },
  }
}

const accountName = 'default'
const mapName = 'kube-root-ca.crt'
