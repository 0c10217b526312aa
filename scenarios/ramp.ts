import { defineScenario, ramp } from 'limitscope'
import { cheap, free } from './traffic.ts'

export const rampUp = defineScenario('ramp', {
  title: 'a rate that climbs from one request per second until the limit is passed',
  lanes: [free],
  isolate: 'window',
  mix: [cheap],
  arrivals: ramp({ from: '1/s', to: '12/s', over: '20s' }),
  measure: '25s',
  expect: ['count(limited) >= 1', 'count(failed) == 0'],
})
