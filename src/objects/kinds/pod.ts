import { ageColumn, column, nameColumn, wideColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsSubdomain } from '../rules.ts'
import { always, fill } from '../schema.ts'
import { podDefaults, qosClass } from './poddefaults.ts'
import { shownReadiness, shownRestarts, shownStatus } from './podshown.ts'
import { PodSpec } from './podspec.ts'
import { PodStatus } from './podstatus.ts'
import { podUpdateRules } from './podupdate.ts'

export const pod = kind(
  {
    group: '',
    version: 'v1',
    name: 'Pod',
    plural: 'pods',
    doc: 'Containers that live and die together on one node.',
    shortNames: ['po'],
    categories: ['all'],
    namespaced: true,
    status: true,
    logs: true,
    rows: {
      spec: [2, PodSpec, 'What it shall be.', always],
      status: [3, PodStatus, 'What it was last seen to be.'],
    },
    notes: [fill(podDefaults)],
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      column('Ready', 'How many of its containers are ready.', shownReadiness),
      column('Status', 'What it is doing, or why not.', shownStatus),
      column('Restarts', 'How often its containers were started again, and when last.', shownRestarts),
      ageColumn,
      wideColumn('IP', 'Its address.', ({ status }) => status?.podIPs?.[0]?.ip || status?.podIP || '<none>'),
      wideColumn('Node', 'Its node.', ({ spec }) => spec.nodeName ?? '<none>'),
      wideColumn(
        'Nominated Node',
        'The node that makes room for it.',
        ({ status }) => status?.nominatedNodeName ?? '<none>',
      ),
      wideColumn('Readiness Gates', 'How many of its further conditions hold.', ({ spec, status }) => {
        const gates = spec.readinessGates ?? []
        if (gates.length === 0) return '<none>'
        const holds = (wanted: string): boolean =>
          status?.conditions?.some(({ type, status: said }) => type === wanted && said === 'True') ?? false
        return `${gates.filter(({ conditionType }) => holds(conditionType)).length}/${gates.length}`
      }),
    ],
    rowConditions: ({ status }) => {
      if (status?.phase === 'Succeeded') return [completed('Succeeded', 'The pod has completed successfully.')]
      return status?.phase === 'Failed' ? [completed('Failed', 'The pod failed.')] : []
    },
    selectable: {
      'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
      'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
      'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
      'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
      'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
      'status.phase': ({ status }) => status?.phase ?? '',
      'status.podIP': ({ status }) => status?.podIP ?? '',
      'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
    },
    begin: (object) => ({ ...object, status: { phase: 'Pending', qosClass: qosClass(object.spec) } }),
    checkUpdate: podUpdateRules,
  },
)

function completed(reason: string, message: string) {
  return { type: 'Completed', status: 'True', reason, message }
}
