// What Limitador tells Prometheus about the requests it let through and stopped.

import type { House, Route } from '../../system.ts'
import { metricsRoute } from '../openai/openai.ts'

const namespace = { limitador_namespace: 'openshift-ingress/maas-default-gateway' }

/** Adds Limitador's counters to the gateway's own; returns the route that shows them. */
export function addLimitadorMetrics(house: House): Route {
  const { metrics } = house
  const add = (name: string, help: string, value: () => number) =>
    metrics.counter({ name, help, labelNames: Object.keys(namespace) }, () => [
      [namespace, value()],
    ])
  add('authorized_calls', 'Authorized calls', () => metrics.allowed)
  add('authorized_hits', 'Authorized hits', () => metrics.tokens)
  add('limited_calls', 'Limited calls', () => metrics.denied)
  return metricsRoute(house)
}
