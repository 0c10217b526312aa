// Guards before any load is sent: whose host this is, and whether anybody listens there.

import { lookup } from 'node:dns/promises'
import { BlockList, connect, isIPv6 } from 'node:net'
import { messageOf, UserError } from '../core/errors.ts'
import type { Caps } from '../load/plan.ts'

/** Addresses that are this machine's or a private network's. */
const ownAddresses = new BlockList()
for (const [net, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  ownAddresses.addSubnet(net, bits, 'ipv4')
}
ownAddresses.addAddress('::1', 'ipv6')
ownAddresses.addSubnet('fc00::', 7, 'ipv6')

/** Never a target: link-local (cloud metadata), multicast, broadcast, unspecified. */
const refusedAddresses = new BlockList()
for (const [net, bits] of [
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['0.0.0.0', 8],
] as const) {
  refusedAddresses.addSubnet(net, bits, 'ipv4')
}
refusedAddresses.addSubnet('fe80::', 10, 'ipv6')
refusedAddresses.addSubnet('ff00::', 8, 'ipv6')
refusedAddresses.addAddress('::', 'ipv6')
refusedAddresses.addAddress('fd00:ec2::254', 'ipv6')

/** How long a target may take to accept a connection before the run is not even started. */
const connectMs = 5_000

/**
 * Refuses targets that must not be loaded, and public hosts without an explicit cap on requests.
 * Throws `UserError`.
 */
export async function guardHost(url: string, caps: Caps): Promise<void> {
  const { hostname } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const addresses = await addressesOf(host, url)
  for (const address of addresses) {
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (refusedAddresses.check(address, family)) {
      const message = `target: '${url}' leads to ${address}, a link-local, multicast or reserved address; those are never loaded`
      throw new UserError('public-target', message)
    }
    if (ownAddresses.check(address, family) || caps.requestsMax !== null) continue
    const message = `target: '${url}' is a public host (${address}) and the run has no cap on requests; if you may load it, say how much: --max-requests N (or caps: { requests: N } in the config)`
    throw new UserError('public-target', message)
  }
}

/** Finds out whether anybody listens, without sending a request. Throws `UserError('target')`. */
export function checkListening(url: string): Promise<void> {
  const { hostname, port, protocol } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: number, timeout: connectMs })
    const fail = (what: string, remedy: string) => {
      socket.destroy()
      reject(new UserError('target', `target: ${what} at ${url}; ${remedy}`))
    }
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('timeout', () => {
      fail(`nobody answers (no connection within ${connectMs / 1000} s)`, 'is the address right?')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') {
        fail('nothing is listening (ECONNREFUSED)', 'start it, or try: limitscope demo')
      } else fail(`no connection (${error.code ?? messageOf(error)})`, 'is the address right?')
    })
  })
}

async function addressesOf(host: string, url: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch (error) {
    const message = `target: the host name in '${url}' is not known (${messageOf(error)}); check the spelling`
    throw new UserError('target', message, { cause: error })
  }
}
