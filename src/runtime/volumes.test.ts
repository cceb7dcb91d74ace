import { describe, expect, it } from 'vitest'
import type { PodSpec } from '../objects/types.ts'
import { fixturePod } from './fixture.ts'
import { hostsFile, resolverOf } from './resolver.ts'
import { configMapContents, type Sources, secretContents } from './sources.ts'
import { volumePlans } from './volumes.ts'

const sources: Sources = {
  configMap: (name) =>
    name === 'conf' ? configMapContents({ data: { b: '2', a: '1' }, binaryData: { c: 'AAE=' } }) : null,
  secret: (name) => (name === 'keys' ? secretContents({ data: { key: 'c2VjcmV0' } }) : null),
}
const place = { clusterId: 'k', node: 'n1', hostIP: '192.0.2.1', cpuMillis: 4000, memoryBytes: 1 << 30 }

function plansOf(volume: object) {
  const spec = { volumes: [{ name: 'v', ...volume }] } as Partial<PodSpec>
  const pod = fixturePod({ spec, metadata: { labels: { app: 'x', tier: 'a "b"' } } })
  return volumePlans('/pods', { pod, place, address: null }, sources)
}

/** Names, texts and modes of the files that are planned. */
function filesOf(volume: object): unknown {
  const { plans } = plansOf(volume)
  const [plan] = plans ?? []
  return (
    plan?.type === 'files' && plan.files.map(({ name, data, mode }) => [name, new TextDecoder().decode(data), mode])
  )
}

describe('what a volume is made of', () => {
  it('an empty folder, on disk or in memory', () => {
    const path = '/pods/11112222-3333-4444-8555-666677778888/volumes/v'
    expect(plansOf({ emptyDir: {} }).plans).toEqual([{ type: 'folder', path, memory: false, bytesMax: null }])
    expect(plansOf({ emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }).plans).toEqual([
      { type: 'folder', path, memory: true, bytesMax: 1 << 20 },
    ])
  })

  it.each<[string, object, unknown]>([
    [
      'all keys',
      { configMap: { name: 'conf' } },
      [
        ['a', '1', 0o644],
        ['b', '2', 0o644],
        ['c', '\0\u0001', 0o644],
      ],
    ],
    [
      'some, under other names',
      { configMap: { name: 'conf', items: [{ key: 'a', path: 'x/y', mode: 0o600 }] } },
      [['x/y', '1', 0o600]],
    ],
    ['a secret, with a mode', { secret: { secretName: 'keys', defaultMode: 0o400 } }, [['key', 'secret', 0o400]]],
    ['what may be missing and is', { configMap: { name: 'none', optional: true } }, []],
    [
      'a key that may be missing',
      { configMap: { name: 'conf', optional: true, items: [{ key: 'z', path: 'z' }] } },
      [],
    ],
    [
      'facts of the pod',
      { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      [['l', 'app="x"\ntier="a \\"b\\""', 0o644]],
    ],
    [
      'several sources, the later over the earlier',
      {
        projected: {
          defaultMode: 0o440,
          sources: [{ configMap: { name: 'conf' } }, { secret: { name: 'keys', items: [{ key: 'key', path: 'a' }] } }],
        },
      },
      [
        ['a', 'secret', 0o440],
        ['b', '2', 0o440],
        ['c', '\0\u0001', 0o440],
      ],
    ],
  ])('%s', (_what, volume, files) => expect(filesOf(volume)).toEqual(files))

  it.each([
    [{ configMap: { name: 'none' } }, 'configmap "none" not found'],
    [{ secret: { secretName: 'none' } }, 'secret "none" not found'],
    [{ configMap: { name: 'conf', items: [{ key: 'z', path: 'z' }] } }, 'references non-existent config key: z'],
    [{ configMap: { name: 'conf', items: [{ key: 'a', path: '../../etc/passwd' }] } }, 'leads out of the volume'],
    [{ downwardAPI: { items: [{ path: '/x', fieldRef: { fieldPath: 'metadata.name' } }] } }, 'leads out of the volume'],
    [{ nfs: { server: 'x', path: '/' } }, 'not supported'],
    [{ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }, 'not supported'],
  ])('says why it cannot be: %j', (volume, error) => {
    expect(plansOf(volume).error).toMatch(/^MountVolume.SetUp failed for volume "v" : /)
    expect(plansOf(volume).error).toContain(error)
  })
})

describe('where names are resolved', () => {
  const cluster = { servers: ['169.254.1.1'], searches: ['default.svc.cluster.local'], options: ['ndots:5'] }
  const rows: readonly [Partial<PodSpec>, unknown][] = [
    [{}, cluster],
    [{ dnsPolicy: 'Default' }, null],
    [{ hostNetwork: true }, null],
    [{ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }, cluster],
    [
      { dnsPolicy: 'None', dnsConfig: { nameservers: ['9.9.9.9'] } },
      { servers: ['9.9.9.9'], searches: [], options: [] },
    ],
    [
      { dnsConfig: { searches: ['example.org'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] } },
      { ...cluster, searches: ['default.svc.cluster.local', 'example.org'], options: ['ndots:2', 'edns0'] },
    ],
  ]
  it.each(rows)('%j', (spec, resolver) => expect(resolverOf(fixturePod({ spec }), cluster)).toEqual(resolver))

  it('a pod knows itself by name, and what it was told of others', () => {
    const pod = fixturePod({ spec: { hostAliases: [{ ip: '192.0.2.9', hostnames: ['db', 'db.example'] }] } })
    const text = new TextDecoder().decode(hostsFile(pod, 'web', '10.244.1.5'))
    expect(text).toContain('10.244.1.5\tweb\n192.0.2.9\tdb\tdb.example\n')
  })
})
