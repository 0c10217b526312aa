// `junit.xml`: a suite for each scenario, a case for each expectation and limiter, and one for the
// generator. Figures are properties of the suite, named after their case, and the case's output:
// schemas know no properties of cases. `time` is left to those who test for time.

import XMLBuilder from 'fast-xml-builder'
import type {
  CheckResult,
  LimiterSummary,
  RunSummary,
  ScenarioSummary,
} from '../analysis/result.ts'
import { verdictOf } from '../analysis/verdict.ts'
import { limitOf, windowUsOf } from '../core/limits.ts'
import { safeLine } from '../core/text.ts'
import { admittedText, foundText, retryAfterText } from './facts.ts'

interface Case {
  readonly element: CaseElement
  readonly figures: Figures
}

/** What is not known is left out. */
type Figures = Readonly<Record<string, string | number | null>>

/** A case as the library writes it: '@' marks attributes. */
interface CaseElement {
  readonly '@name': string
  readonly '@classname': string
  readonly failure?: Message
  readonly error?: Message
  readonly skipped?: Message
}

interface Message {
  readonly '@message': string
}

/** The text of the file. */
export function junitText(summary: RunSummary): string {
  const suites = [
    suiteOf('limitscope', [generatorCase(summary)], summary),
    ...summary.scenarios.map((scenario) => scenarioSuite(scenario, summary)),
  ]
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    suppressBooleanAttributes: false,
    suppressEmptyNode: true,
    format: true,
  })
  const root = { '@name': summary.runId, ...sums(suites), testsuite: suites }
  const xml: string = builder.build({ testsuites: root })
  return `<?xml version="1.0" encoding="UTF-8"?>\n${xml}`
}

type Suite = ReturnType<typeof suiteOf>

function suiteOf(name: string, cases: readonly Case[], { startedAt }: RunSummary, us?: number) {
  const count = (kind: 'failure' | 'error' | 'skipped') =>
    cases.filter(({ element }) => element[kind] !== undefined).length
  return {
    '@name': clean(name),
    '@tests': cases.length,
    '@failures': count('failure'),
    '@errors': count('error'),
    '@skipped': count('skipped'),
    '@timestamp': startedAt.replace(/\.\d+Z$/, ''),
    ...(us === undefined ? {} : { '@time': (us / 1e6).toFixed(3) }),
    properties: { property: cases.flatMap(propertiesOf) },
    testcase: cases.map(withOutput),
  }
}

function propertiesOf({ element, figures }: Case) {
  return known(figures).map(([name, value]) => {
    return { '@name': `${element['@name']}: ${name}`, '@value': value }
  })
}

function withOutput({ element, figures }: Case) {
  const lines = known(figures).map(([name, value]) => `${name}: ${value}`)
  return { ...element, 'system-out': lines.join('\n') }
}

function known(figures: Figures): [name: string, value: string][] {
  return Object.entries(figures).flatMap(([name, value]): [string, string][] =>
    value === null || value === '' ? [] : [[name, clean(String(value))]],
  )
}

function sums(suites: readonly Suite[]) {
  const sum = (key: '@tests' | '@failures' | '@errors') =>
    suites.reduce((total, suite) => total + suite[key], 0)
  return { '@tests': sum('@tests'), '@failures': sum('@failures'), '@errors': sum('@errors') }
}

/** What makes a whole run void is an error: pipelines must not take it for one that passed. */
function generatorCase(summary: RunSummary): Case {
  const { word, why } = verdictOf(summary)
  const { health, reason } = summary
  const { planned, sent, lag } = health.readings
  const isVoid = health.verdict === 'INVALID' || reason !== 'completed'
  return {
    element: {
      '@name': 'the run can be believed',
      '@classname': 'limitscope',
      ...(isVoid ? { error: message(why) } : {}),
    },
    figures: {
      verdict: word,
      generator: health.verdict,
      reasons: health.reasons.join('; '),
      planned,
      sent,
      lag_p99_us: lag.p99Us,
      seed: summary.seed,
      plan_hash: summary.planHash,
    },
  }
}

function scenarioSuite(scenario: ScenarioSummary, summary: RunSummary): Suite {
  const { name, durationUs } = scenario
  const cases = [
    ...scenario.checks.map((check) => checkCase(check, name)),
    ...scenario.limiters.map((limiter) => limiterCase(limiter, name)),
  ]
  return suiteOf(name, cases, summary, durationUs)
}

function checkCase(check: CheckResult, scenario: string): Case {
  const { statement, verdict, actual, reason, request, figures } = check
  return {
    element: {
      '@name': clean(statement),
      '@classname': clean(`${scenario}.expectations`),
      ...(verdict === 'failed'
        ? { failure: message(`expected ${statement}, found ${foundText(check)}`) }
        : {}),
      ...(verdict === 'failed' || verdict === 'passed'
        ? {}
        : { skipped: message(`${verdict}: ${reason}`) }),
    },
    figures: {
      found: actual,
      reason,
      request: request ?? null,
      value: figures?.found ?? null,
      value_low: figures?.low ?? null,
      value_high: figures?.high ?? null,
      expected: figures?.expected ?? null,
    },
  }
}

/** A limiter that was seen passes; nothing was said about how it should be, or there is a check. */
function limiterCase(limiter: LimiterSummary, scenario: string): Case {
  const { declared, first } = limiter
  const algorithm = declared?.model.algorithm
  const windowUs = algorithm === undefined ? null : windowUsOf(algorithm)
  return {
    element: {
      '@name': clean(`limiter ${limiter.limiter} on lane ${limiter.lane} rejects`),
      '@classname': clean(`${scenario}.limiters`),
      ...(first === null ? { skipped: message('it did not reject in this run') } : {}),
    },
    figures: {
      declared_limit: algorithm === undefined ? null : limitOf(algorithm),
      declared_window_ms: windowUs === null ? null : windowUs / 1000,
      unit: declared?.model.unit ?? null,
      observed_limit: limiter.observedLimit,
      observed_window_ms:
        limiter.observedWindowUs === null ? null : limiter.observedWindowUs / 1000,
      overshoot: limiter.overshoot,
      rejections: limiter.rejections,
      first_rejection_seq: first?.seq ?? null,
      first_rejection_us: first?.us ?? null,
      admitted_before: first === null ? null : admittedText(limiter),
      recovered_after_ms: first?.recoveredAfterUs == null ? null : first.recoveredAfterUs / 1000,
      retry_after: first === null ? null : retryAfterText(limiter),
      confidence: first?.confidence ?? null,
      evidence: first?.evidence ?? null,
    },
  }
}

function message(text: string): Message {
  return { '@message': clean(text) }
}

/** Characters that XML has no way to write are replaced. */
function clean(text: string): string {
  return safeLine(text, 1000)
    .toWellFormed()
    .replace(/[\ufffe\uffff]/g, '\ufffd')
}
