import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configMap } from '../objects/kinds/configmap.ts'
import { pod } from '../objects/kinds/pod.ts'
import type { Json, JsonObject, KubeObject } from '../objects/types.ts'
import { operationsMax } from './jsonpatch.ts'
import { applyPatch, mergePatch } from './patch.ts'

const of = (object: Json): KubeObject => object as unknown as KubeObject

function json(document: Json, patch: Json): Json | string {
  const patched = applyPatch('json', configMap, of(document), patch)
  return patched.error === null ? patched.value : `${patched.code} ${patched.error}`
}

function strategic(spec: JsonObject, patch: JsonObject): unknown {
  const patched = applyPatch('strategic', pod, of({ metadata: {}, spec }), { spec: patch })
  return patched.error === null ? (patched.value as JsonObject).spec : `${patched.code} ${patched.error}`
}

describe('JSON patch', () => {
  test.each<[Json, Json, Json | string]>([
    // RFC 6902, appendix A.
    [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
    [{ foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    [{ baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [{ foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
    [{ baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
    [
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      { baz: 'qux', foo: ['a', 2, 'c'] },
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    [{ baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }], '422 testing value /baz failed: test failed'],
    [
      { foo: 'bar' },
      [{ op: 'add', path: '/child', value: { grandchild: {} } }],
      { foo: 'bar', child: { grandchild: {} } },
    ],
    [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }], { foo: 'bar', baz: 'qux' }],
    [
      { foo: 'bar' },
      [{ op: 'add', path: '/baz/bat', value: 'qux' }],
      '422 add operation does not apply: doc is missing path: "/baz/bat": missing value',
    ],
    [{ '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
    [{ '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }], '422 testing value /~01 failed: test failed'],
    [{ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }], { foo: ['bar', ['abc', 'def']] }],
    // Further.
    [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    [{ a: 1 }, [{ op: 'add', path: '/a', value: null }], { a: null }],
    [
      { a: { b: 1 } },
      [
        { op: 'copy', from: '/a', path: '/c' },
        { op: 'add', path: '/c/d', value: 2 },
      ],
      { a: { b: 1 }, c: { b: 1, d: 2 } },
    ],
    [{ a: 1 }, [{ op: 'test', path: '/x', value: null }], { a: 1 }],
    [
      { a: 1 },
      [{ op: 'remove', path: '/x' }],
      '422 remove operation does not apply: doc is missing key: "/x": missing value',
    ],
    [
      { a: 1 },
      [{ op: 'replace', path: '/x', value: 1 }],
      '422 replace operation does not apply: doc is missing key: "/x": missing value',
    ],
    [
      { a: [1] },
      [{ op: 'add', path: '/a/2', value: 1 }],
      '422 add operation does not apply: doc is missing path: "/a/2": missing value',
    ],
    [
      { a: [1] },
      [{ op: 'remove', path: '/a/01' }],
      '422 remove operation does not apply: doc is missing key: "/a/01": missing value',
    ],
    [
      { a: [1] },
      [{ op: 'remove', path: '/a/-' }],
      '422 remove operation does not apply: doc is missing key: "/a/-": missing value',
    ],
    [
      { a: { b: 1 } },
      [{ op: 'move', from: '/a', path: '/a/b' }],
      '422 move operation does not apply: "/a/b" lies within "/a"',
    ],
    [
      { a: 1 },
      [{ op: 'move', from: '/b', path: '/c' }],
      '422 move operation does not apply: doc is missing key: "/b": missing value',
    ],
    [
      { a: 1 },
      [{ op: 'copy', from: '/toString', path: '/c' }],
      '422 copy operation does not apply: doc is missing key: "/toString": missing value',
    ],
    [{ a: 1 }, {}, '400 json: cannot unmarshal: a JSON patch is a list of operations'],
    [{ a: 1 }, [{ op: 'jump', path: '/a' }], '400 operation 0 of the patch is not one: {"op":"jump","path":"/a"}'],
    [{ a: 1 }, [{ op: 'add', path: '/a' }], '400 operation 0 of the patch is not one: {"op":"add","path":"/a"}'],
    [
      { a: 1 },
      [{ op: 'add', path: 'a', value: 1 }],
      '400 operation 0 of the patch is not one: {"op":"add","path":"a","value":1}',
    ],
  ])('%j with %j', (document, patch, expected) => {
    const before = JSON.stringify(document)
    const patched = json(document, patch)
    expect(typeof patched === 'string' ? patched : JSON.parse(JSON.stringify(patched))).toEqual(expected)
    expect(JSON.stringify(document), 'the document itself is never written into').toBe(before)
  })

  test('limits', () => {
    const operation = { op: 'test', path: '/a', value: 1 }
    expect(json({ a: 1 }, Array(operationsMax).fill(operation))).toEqual({ a: 1 })
    expect(json({ a: 1 }, Array(operationsMax + 1).fill(operation))).toBe(
      '413 The allowed maximum operations in a JSON patch is 10000, got 10001',
    )
    const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }))
    expect(json({ a: ['x'.repeat(100)] }, doubling)).toMatch(/^422 copy operations add up to more than/)
  })

  test('keys mean themselves only', () => {
    const patched = json({}, [
      { op: 'add', path: '/__proto__', value: { polluted: 1 } },
      { op: 'add', path: '/__proto__/more', value: 2 },
      { op: 'add', path: '/constructor', value: {} },
    ])
    expect(JSON.stringify(patched)).toBe('{"__proto__":{"polluted":1,"more":2},"constructor":{}}')
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    expect(json({}, [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }])).toMatch(/^422/)
  })
})

describe('merge patch', () => {
  test.each<[Json, Json, Json]>([
    // RFC 7386, appendix A.
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j', (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected)
  })

  const keyed = fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'constructor'), fc.jsonValue({ maxDepth: 2 }))

  test('a patch applied twice is a patch applied once; what it sets is set, what it nulls is gone', () => {
    fc.assert(
      fc.property(keyed, keyed, (target, patch) => {
        const once = mergePatch(target as Json, patch as Json) as JsonObject
        expect(JSON.stringify(mergePatch(once, patch as Json))).toBe(JSON.stringify(once))
        for (const [key, value] of Object.entries(patch)) expect(Object.hasOwn(once, key)).toBe(value !== null)
        expect(({} as { a?: unknown }).a).toBeUndefined()
      }),
    )
  })

  test('a list is no patch of an object', () => {
    expect(applyPatch('merge', pod, of({ metadata: {} }), [])).toMatchObject({ code: 400 })
    expect(applyPatch('strategic', pod, of({ metadata: {} }), 'x')).toMatchObject({ code: 400 })
  })
})

describe('strategic merge', () => {
  const [a, b, c] = [
    { name: 'a', image: '1' },
    { name: 'b', image: '1' },
    { name: 'c', image: '1' },
  ]
  const order = (...names: readonly string[]): Json => names.map((name) => ({ name }))

  test.each<[string, JsonObject, JsonObject, unknown]>([
    ['a value', { nodeName: 'x' }, { nodeName: 'y' }, { nodeName: 'y' }],
    ['null removes', { nodeName: 'x', priority: 1 }, { nodeName: null }, { priority: 1 }],
    [
      'a map merges',
      { nodeSelector: { a: '1', b: '2' } },
      { nodeSelector: { a: null, c: '3' } },
      { nodeSelector: { b: '2', c: '3' } },
    ],
    [
      '$patch: replace of a map',
      { nodeSelector: { a: '1' } },
      { nodeSelector: { $patch: 'replace', b: '2' } },
      { nodeSelector: { b: '2' } },
    ],
    [
      '$patch: delete of a map',
      { nodeSelector: { a: '1' } },
      { nodeSelector: { $patch: 'delete' } },
      { nodeSelector: {} },
    ],
    [
      'a list by key',
      { containers: [a, b] },
      { containers: [{ name: 'b', image: '2' }] },
      { containers: [a, { name: 'b', image: '2' }] },
    ],
    [
      'a new item',
      { containers: [a] },
      { containers: [{ name: 'b', image: null, tty: true }] },
      { containers: [a, { name: 'b', tty: true }] },
    ],
    ['into nothing', {}, { containers: [{ name: 'b', image: null }] }, { containers: [{ name: 'b' }] }],
    [
      '$patch: delete of an item',
      { containers: [a, b] },
      { containers: [{ $patch: 'delete', name: 'a' }] },
      { containers: [b] },
    ],
    [
      '$patch: replace of a list',
      { containers: [a, b] },
      { containers: [{ $patch: 'replace' }, c] },
      { containers: [c] },
    ],
    [
      'nested lists by key',
      { containers: [{ ...a, env: [{ name: 'X', value: '1' }] }] },
      { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }] },
      {
        containers: [
          {
            ...a,
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '2' },
            ],
          },
        ],
      },
    ],
    [
      'an atomic list is replaced',
      { tolerations: [{ key: 'a' }] },
      { tolerations: [{ key: 'b' }] },
      { tolerations: [{ key: 'b' }] },
    ],
    [
      'ports by containerPort',
      { containers: [{ name: 'a', ports: [{ containerPort: 80, name: 'x' }] }] },
      { containers: [{ name: 'a', ports: [{ containerPort: 80, name: 'y' }] }] },
      { containers: [{ name: 'a', ports: [{ containerPort: 80, name: 'y' }] }] },
    ],
    [
      'an order',
      { containers: [a, b] },
      { $setElementOrder: 1, containers: [] },
      '400 Unknown patch type found: "$setElementOrder"',
    ],
    [
      'a set order',
      { containers: [a, b] },
      { '$setElementOrder/containers': order('b', 'a'), containers: [{ name: 'b', image: '2' }] },
      { containers: [{ name: 'b', image: '2' }, a] },
    ],
    [
      'an order alone',
      { containers: [a, b, c] },
      { '$setElementOrder/containers': order('c', 'b', 'a') },
      { containers: [c, b, a] },
    ],
    [
      "the server's own item keeps its place",
      { containers: [a, b, c] },
      { '$setElementOrder/containers': order('c', 'b'), containers: [] },
      { containers: [a, c, b] },
    ],
    [
      'a new item in its place',
      { containers: [a, c] },
      { '$setElementOrder/containers': order('a', 'b', 'c'), containers: [b] },
      { containers: [a, b, c] },
    ],
    [
      '$retainKeys',
      { volumes: [{ name: 'v', emptyDir: {} }] },
      { volumes: [{ name: 'v', $retainKeys: ['name', 'secret'], secret: { secretName: 's' } }] },
      { volumes: [{ name: 'v', secret: { secretName: 's' } }] },
    ],
    [
      '$patch: merge',
      { nodeSelector: { a: '1' } },
      { nodeSelector: { $patch: 'merge', b: '2' } },
      { nodeSelector: { a: '1', b: '2' } },
    ],
    [
      'no key',
      { containers: [a] },
      { containers: [{ image: '2' }] },
      '400 map: {"image":"2"} does not contain declared merge key: name',
    ],
    [
      'no object',
      { containers: [a] },
      { containers: ['a'] },
      '400 expected an object in a list that is merged by "name"',
    ],
    [
      'an unknown directive',
      { nodeSelector: {} },
      { nodeSelector: { $patch: 'explode' } },
      '400 Unknown patch type found: "explode"',
    ],
    [
      'an order that the patch breaks',
      { containers: [a, b] },
      { '$setElementOrder/containers': order('a', 'b'), containers: [b, a] },
      '400 The order in patch list: ["\\"b\\"","\\"a\\""] doesn\'t match $setElementOrder list: ["\\"a\\"","\\"b\\""]',
    ],
    [
      'a key that is not retained',
      { volumes: [] },
      { volumes: [{ name: 'v', $retainKeys: ['name'], secret: {} }] },
      '400 $retainKeys does not contain "secret", which the patch sets',
    ],
    ['an unknown field', {}, { bogus: { a: null, b: [null] } }, { bogus: { b: [null] } }],
  ])('%s', (_, spec, patch, expected) => {
    const before = JSON.stringify(spec)
    expect(strategic(spec, patch)).toEqual(expected)
    expect(JSON.stringify(spec), 'the object itself is never written into').toBe(before)
  })

  test('sets of primitives: merged, deleted from, ordered', () => {
    const finalizers = (value: readonly string[], patch: JsonObject): unknown => {
      const patched = applyPatch('strategic', pod, of({ metadata: { finalizers: value } }), { metadata: patch })
      return patched.error ?? ((patched.value as JsonObject).metadata as JsonObject).finalizers
    }
    expect(finalizers(['a', 'b'], { finalizers: ['b', 'c'] })).toEqual(['a', 'b', 'c'])
    expect(finalizers(['a', 'b'], { '$deleteFromPrimitiveList/finalizers': ['a', 'x'] })).toEqual(['b'])
    const both = {
      '$deleteFromPrimitiveList/finalizers': ['a'],
      '$setElementOrder/finalizers': ['c', 'b'],
      finalizers: ['c'],
    }
    expect(finalizers(['a', 'b'], both)).toEqual(['c', 'b'])
    expect(finalizers(['a'], { finalizers: null })).toBeUndefined()
  })

  test('keys mean themselves only', () => {
    const patch = JSON.parse(
      '{"__proto__":{"polluted":1},"nodeSelector":{"__proto__":"x","constructor":"y"}}',
    ) as JsonObject
    expect(JSON.stringify(strategic({}, patch))).toBe(
      '{"__proto__":{"polluted":1},"nodeSelector":{"__proto__":"x","constructor":"y"}}',
    )
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test('patches without directives can be repeated', () => {
    const names = fc.constantFrom('a', 'b', 'c')
    const containers = fc.uniqueArray(fc.record({ name: names, image: fc.constantFrom('1', '2') }), {
      selector: (item) => item.name,
    })
    fc.assert(
      fc.property(containers, containers, (before, patch) => {
        const once = strategic({ containers: before }, { containers: patch }) as JsonObject
        expect(strategic(once, { containers: patch })).toEqual(once)
        const images = new Map((once.containers as typeof before).map((item) => [item.name, item.image]))
        for (const { name, image } of patch) expect(images.get(name)).toBe(image)
        expect(images.size).toBe(new Set([...before, ...patch].map((item) => item.name)).size)
      }),
    )
  })

  test('a long list is merged in time', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => ({ name: `c${i}`, image: 'x' }))
    const merged = strategic(
      { containers: many },
      { containers: many, '$setElementOrder/containers': many.map(({ name }) => ({ name })) },
    )
    expect((merged as { containers: unknown[] }).containers.length).toBe(20_000)
  })
})
