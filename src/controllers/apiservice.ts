import { apiServiceAddress } from '../objects/ranges.ts'
import type { Service } from '../objects/types.ts'

export const apiServiceName = 'kubernetes'

/** `kubernetes.default`: by this name and address pods find the API. */
export function apiService(apiPort: number): Service {
  return {
    metadata: {
      name: apiServiceName,
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: apiServiceAddress,
      clusterIPs: [apiServiceAddress],
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: apiPort }],
    },
  }
}
