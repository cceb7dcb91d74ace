/**
 * Node 20 lacks `Promise.withResolvers`, without which libp2p dies as it starts or stops. Imported before everything
 * else by each file that loads libp2p.
 */
if (typeof Promise.withResolvers !== 'function') {
  Promise.withResolvers = function withResolvers<T>(): PromiseWithResolvers<T> {
    let resolve: PromiseWithResolvers<T>['resolve'] | undefined
    let reject: PromiseWithResolvers<T>['reject'] | undefined
    const promise = new Promise<T>((yes, no) => {
      resolve = yes
      reject = no
    })
    if (resolve === undefined || reject === undefined) throw new TypeError('a promise calls its executor at once')
    return { promise, resolve, reject }
  }
}
