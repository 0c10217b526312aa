// `limitscope trend`: change points over the history of runs.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { metricsName, readMetricHistory } from '../analysis/metricHistory.ts'
import { trendOf } from '../analysis/trend.ts'
import { exitCodes, UserError } from '../core/errors.ts'
import { writeWhole } from '../recording/runFolder.ts'
import { metricText } from '../report/comparisonCells.ts'
import { trendHtml } from '../report/trendHtml.ts'
import { trendText } from '../report/trendText.ts'
import { type CommandIo, say, wantsColour } from './io.ts'

export interface TrendFlags {
  readonly metric?: string
  readonly target?: string
  readonly html?: string
  readonly json?: boolean
}

export async function trendCommand(
  results: string | undefined,
  { metric, target, html, json = false }: TrendFlags,
  io: CommandIo,
): Promise<number> {
  const path = join(resolve(io.cwd, results ?? 'results'), metricsName)
  if (!existsSync(path)) {
    const message = `trend: expected the history of runs in '${path}', which every run appends to; name the folder of your runs`
    throw new UserError('usage', message)
  }
  const all = await readMetricHistory(path)
  const wanted = all.filter((series) => {
    const isNamed = metric === undefined || metricText(series).includes(metric)
    return isNamed && (target === undefined || series.target === target)
  })
  const trend = trendOf(wanted)
  if (html !== undefined) {
    writeWhole(resolve(io.cwd, html), trendHtml(trend))
    say(io, `trend: drawn in ${html}`)
  }
  const text = json
    ? JSON.stringify(trend, null, 2)
    : trendText(trend, wantsColour(io.stdout, io.env))
  io.stdout.write(`${text}\n`)
  return exitCodes.passed
}
