// How the engine's own thread does: event-loop delay, CPU, garbage collection. Read once a second.

import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks'
import { spunAwayUs } from '../core/realClock.ts'
import type { Micros } from '../core/units.ts'

/** The engine's thread since the run began. */
export interface ThreadHealth {
  /** How late the loop came round, beyond what was asked of its timers. */
  readonly loopDelayP50Us: Micros
  readonly loopDelayP99Us: Micros
  readonly loopDelayMaxUs: Micros
  /** Share of the time in which the loop neither slept nor spun. */
  readonly loopBusyShare: number
  /** As a time. */
  readonly loopBusyUs: Micros
  /** Pauses for garbage collection: how long the longest was, and their share of the time. */
  readonly gcMaxUs: Micros
  readonly gcShare: number
}

/** Resolution of the delay monitor; it reports delays of at least this, which are none. */
const resolutionMs = 1

export class ThreadMonitor {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs })
  readonly #start = performance.eventLoopUtilization()
  readonly #startMs = performance.now()
  readonly #startSpunUs = spunAwayUs()
  readonly #observer: PerformanceObserver
  #gcMs = 0
  #gcMsMax = 0

  constructor() {
    this.#delay.enable()
    this.#observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.#gcMs += duration
        this.#gcMsMax = Math.max(this.#gcMsMax, duration)
      }
    })
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  read(): ThreadHealth {
    const us = (ns: number) => Math.max(0, Math.round(ns / 1000 - resolutionMs * 1000))
    const hasSamples = this.#delay.count > 0
    const elapsedUs = Math.max(1, (performance.now() - this.#startMs) * 1000)
    const awakeUs = performance.eventLoopUtilization(this.#start).utilization * elapsedUs
    const busyUs = Math.max(0, awakeUs - (spunAwayUs() - this.#startSpunUs))
    return {
      loopDelayP50Us: hasSamples ? us(this.#delay.percentile(50)) : 0,
      loopDelayP99Us: hasSamples ? us(this.#delay.percentile(99)) : 0,
      loopDelayMaxUs: hasSamples ? us(this.#delay.max) : 0,
      loopBusyShare: busyUs / elapsedUs,
      loopBusyUs: Math.round(busyUs),
      gcMaxUs: Math.round(this.#gcMsMax * 1000),
      gcShare: (this.#gcMs * 1000) / elapsedUs,
    }
  }

  close(): void {
    this.#delay.disable()
    this.#observer.disconnect()
  }
}
