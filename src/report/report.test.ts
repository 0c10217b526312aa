import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RunSummary } from '../analysis/result.ts'
import { presets } from '../gateway/presets.ts'
import { storeHostileRun } from '../testing/hostileRuns.ts'
import { requestRecord } from '../testing/requestRecords.ts'
import { declaredBy, interplay, phase, plan, scenario } from '../testing/simulate.ts'
import { madeUp, storeRun, storeSimulation } from '../testing/storedRuns.ts'
import { githubAnnotations } from './github.ts'
import { html, jsonData } from './html.ts'
import { junitText } from './junit.ts'
import { markdownText } from './markdown.ts'
import { writeReports } from './runReports.ts'
import { summaryText } from './summaryText.ts'

const kuadrant = presets.kuadrant!

function storeInterplay(runId = 'interplay'): Promise<string> {
  return storeRun({
    spec: kuadrant,
    plan: plan({
      runId,
      limiters: declaredBy(kuadrant),
      scenarios: [
        {
          ...interplay(),
          expectations: [
            'first(cheap-first).limiter == requests',
            'first(expensive-first).admitted == 5',
            'p99(response){shape=cheap} < 1s',
          ],
        },
      ],
    }),
  })
}

const file = (path: string, name: string) => readFileSync(join(path, name), 'utf8')
const junit = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' })

let path = ''
let hostile = ''
beforeAll(async () => {
  path = await storeInterplay()
  hostile = await storeHostileRun()
})

describe('HTML', () => {
  test('values in a template are text, unless they are markup', () => {
    expect(html`<p title="${'"&'}">${'<b>'}${html`<i>`}${[1, null, false]}</p>`.text).toBe(
      '<p title="&quot;&amp;">&lt;b&gt;<i>1</p>',
    )
    expect(jsonData('</script><!--').text).toBe('"\\u003c/script>\\u003c!--"')
  })
})

describe('the summary', () => {
  test('breaks lines between words where the terminal is narrow', () => {
    const summary = JSON.parse(file(path, 'summary.json')) as RunSummary
    const text = (columns: number) => summaryText(summary, { colour: false, columns, folder: null })
    const narrow = text(40).split('\n')
    expect(narrow.filter((line) => line.length > 40)).toEqual([])
    expect(narrow.filter((line) => line.includes('FAILED'))).toHaveLength(2)
    expect(narrow.join(' ').replaceAll(/ +/g, ' ')).toContain('at least 662 requests, had 40')
    expect(text(Number.POSITIVE_INFINITY)).toContain('p99 needs at least 662 requests, had 40')
  })
})

describe('report.html', () => {
  const page = () => file(path, 'report.html')

  test('allows nothing but its own style and script', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page())![1]!
    const hashes = [...page().matchAll(/<(?:style|script)>([\s\S]*?)<\/(?:style|script)>/g)]
      .map(([, text]) => createHash('sha256').update(text!).digest('base64'))
      .map((hash) => `&#39;sha256-${hash}&#39;`)
    expect(hashes).toHaveLength(2)
    expect(policy).toBe(
      `default-src &#39;none&#39;; style-src ${hashes[0]}; script-src ${hashes[1]}; base-uri &#39;none&#39;; form-action &#39;none&#39;`,
    )
    expect(page()).not.toMatch(/<(link|img|iframe|object|base)\b| style="| on\w+="/)
  })

  test('has a table under each of its charts', () => {
    const figures = page().split('<figure').slice(1)
    const titles = figures.map((figure) => /<h3>(.*?)<\/h3>/.exec(figure)![1])
    expect(titles).toEqual([
      'Responses per second by outcome',
      'Offered and achieved',
      'Response time of OK answers: cheap',
      'Response time of OK answers: expensive',
      'Response times of OK answers over time',
      'Response time by percentile',
      'Tokens per second',
      'Time to first token',
      'Time between tokens',
      'Used of each limit: free',
    ])
    for (const figure of figures) expect(figure).toMatch(/<tbody><tr><th scope="row">/)
  })

  test('says what was declared, found, expected, and with what', () => {
    expect(page()).toContain('40 requests per 10.0 s'.replace('10.0', '10'))
    expect(page()).toMatch(/<strong>FAILED<\/strong> 1 of 3 expectations failed/)
    expect(page()).toContain('p99 needs at least 662 requests, had 40')
    expect(page()).toMatch(/<th scope="row">seed<\/th><td><span class="text">7<\/span>/)
  })

  test('is made anew from the folder, byte for byte', () => {
    const before = ['report.html', 'report.md', 'junit.xml'].map((name) => file(path, name))
    for (const name of ['report.html', 'report.md', 'junit.xml']) rmSync(join(path, name))
    writeReports(path)
    expect(['report.html', 'report.md', 'junit.xml'].map((name) => file(path, name))).toEqual(
      before,
    )
  })

  test('draws another run behind its percentiles', async () => {
    const other = await storeInterplay('other')
    writeReports(path, other)
    expect(page()).toContain('interplay · free · cheap (other)')
    writeReports(path)
    expect(page()).not.toContain('(other)')
  })

  test('of a day is bounded', async () => {
    const records = Array.from({ length: 4320 }, (_, i) => {
      const sentUs = i * 20e6
      return requestRecord({ seq: i + 1, intendedUs: sentUs, sentUs, endUs: sentUs + 2e5 + i })
    })
    const day = await storeSimulation(madeUp(records), {
      plan: plan({ runId: 'day', scenarios: [scenario('many-cheap', phase({}))] }),
    })
    expect(file(day, 'report.html').length).toBeLessThan(1_500_000)
    expect(JSON.parse(file(day, 'timeline.json')).columnUs).toBe(256e6)
  })
})

describe('junit.xml', () => {
  const suites = (text: string) => {
    expect(XMLValidator.validate(text)).toBe(true)
    return junit.parse(text).testsuites
  }

  test('has a suite for each scenario, and a case for each expectation and limiter', () => {
    const all = suites(file(path, 'junit.xml'))
    expect(all).toMatchObject({ tests: '6', failures: '1', errors: '0' })
    expect(all.testsuite[1]).toMatchObject({ tests: '5', failures: '1', skipped: '1' })
    const [own, interplay] = all.testsuite
    expect(own.testcase.name).toBe('the run can be believed')
    expect(interplay.testcase.map((one: { name: string }) => one.name)).toEqual([
      'first(cheap-first).limiter == requests',
      'first(expensive-first).admitted == 5',
      'p99(response){shape=cheap} < 1s',
      'limiter requests on lane free rejects',
      'limiter tokens on lane free rejects',
    ])
    const [, failed, open] = interplay.testcase
    expect(failed.failure.message).toBe(
      'expected first(expensive-first).admitted == 5, found 4 requests',
    )
    expect(failed['system-out']).toBe('found: 4 requests\nvalue: 4\nexpected: 5')
    expect(open.skipped.message).toBe('inconclusive: p99 needs at least 662 requests, had 40')
    expect(interplay.properties.property).toEqual(
      expect.arrayContaining([
        { name: 'first(expensive-first).admitted == 5: value', value: '4' },
        { name: 'limiter requests on lane free rejects: declared_limit', value: '40' },
        { name: 'limiter requests on lane free rejects: observed_limit', value: '40' },
      ]),
    )
  })

  test('has no elements or attributes but those of the schema that Jenkins validates by', () => {
    const message = ['message', '#text']
    const allowed: Record<string, readonly string[]> = {
      testsuites: ['name', 'tests', 'failures', 'errors', 'testsuite'],
      testsuite: [
        ...['name', 'tests', 'failures', 'errors', 'skipped', 'time', 'timestamp'],
        ...['properties', 'testcase'],
      ],
      properties: ['property'],
      property: ['name', 'value'],
      testcase: ['name', 'classname', 'failure', 'error', 'skipped', 'system-out'],
      failure: message,
      error: message,
      skipped: message,
      'system-out': [],
    }
    const check = (name: string, value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      for (const [key, inner] of Object.entries(value)) {
        expect(allowed[name], `${key} in ${name}`).toContain(key)
        for (const one of [inner].flat()) if (key in allowed) check(key, one)
      }
    }
    for (const run of [path, hostile]) check('testsuites', suites(file(run, 'junit.xml')))
  })

  test('turns red when the run is void, though nothing failed', () => {
    const summary = JSON.parse(file(path, 'summary.json')) as RunSummary
    const health = { ...summary.health, verdict: 'INVALID', reasons: ['late'] } as const
    const all = suites(junitText({ ...summary, health }))
    expect(all.errors).toBe('1')
    expect(all.testsuite[0].testcase.error.message).toBe('the generator was not fit: late')
    expect(suites(junitText({ ...summary, reason: 'target-died' })).errors).toBe('1')
  })
})

describe('annotations for GitHub', () => {
  const summary = () => JSON.parse(file(path, 'summary.json')) as RunSummary

  test('stand at the file and line of what failed', () => {
    const place = { file: 'scenarios/a,b.ts', line: 12 }
    expect(githubAnnotations(summary(), () => place)).toEqual([
      '::error file=scenarios/a%2Cb.ts,line=12,title=interplay%3A first(expensive-first).admitted == 5::failed: 4 requests',
      '::warning file=scenarios/a%2Cb.ts,line=12,title=interplay%3A p99(response){shape=cheap} < 1s::inconclusive: p99 needs at least 662 requests, had 40',
    ])
  })

  test('do without where it is not known, and are no more than GitHub shows', () => {
    expect(githubAnnotations(summary(), () => null)[0]).toMatch(/^::error title=interplay/)
    const [scenario] = summary().scenarios
    const checks = Array.from({ length: 50 }, () => scenario!.checks[1]!)
    const many = { ...summary(), scenarios: [{ ...scenario!, checks }] }
    expect(githubAnnotations(many, () => null)).toHaveLength(9)
  })

  test('of a hostile target are one command a line', () => {
    const said = JSON.parse(file(hostile, 'summary.json')) as RunSummary
    for (const line of githubAnnotations(said, () => null)) {
      expect(line).toMatch(/^::(error|warning) [^\r\n]*$/)
    }
  })
})

describe('report.md', () => {
  test('is tables of one width', () => {
    const lines = file(path, 'report.md').split('\n')
    expect(lines[0]).toBe('## ❌ limitscope: FAILED (1 of 3 expectations failed)')
    const rows = lines.filter((line) => line.startsWith('| first('))
    expect(rows).toHaveLength(2)
    expect(rows[1]).toBe(
      '| first(expensive-first).admitted == 5 | interplay | failed | 4 requests |',
    )
  })
})

describe('what a hostile target says', () => {
  test('is text in the page: neither markup nor the end of its data', () => {
    const page = file(hostile, 'report.html')
    expect(page.match(/<script/g)).toHaveLength(2)
    expect(page).not.toMatch(/<(img|svg|b)\b|<!--|hacked=1"/)
    const data = /id="charts">([\s\S]*?)<\/script>/.exec(page)![1]!
    expect(JSON.parse(data)).toHaveLength(7)
  })

  test('is text in Markdown: no link, no HTML, no other cells', () => {
    const text = file(hostile, 'report.md')
    expect(text).not.toMatch(/(?<!\\)\]\(|<[a-z!/]/i)
    const rows = text.split('\n').filter((line) => line.startsWith('| failed'))
    const cells = rows.map((row) => row.split(/(?<!\\)\|/).length)
    expect(new Set(cells)).toEqual(new Set([9]))
  })

  test('is text in XML, of characters that XML has', () => {
    const text = file(hostile, 'junit.xml')
    expect(XMLValidator.validate(text)).toBe(true)
    expect(junit.parse(text).testsuites.failures).toBe('2')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|[\ud800-\udfff]/)
  })

  test('is neither a formula nor a control character in any CSV file', () => {
    const names = readdirSync(hostile).filter((name) => name.endsWith('.csv'))
    expect(names).toEqual(expect.arrayContaining(['intervals.csv', 'limiters.csv', 'summary.csv']))
    for (const name of names) {
      const cells = (parse(file(hostile, name)) as string[][]).flat()
      const isFormula = (cell: string) => /^[=+\-@\t\r]/.test(cell) && Number.isNaN(Number(cell))
      expect(cells.filter(isFormula)).toEqual([])
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
      expect(cells.filter((cell) => /[\u0000-\u001f\u007f-\u009f]/.test(cell))).toEqual([])
    }
  })

  test('has no end, and the reports have', () => {
    const sizes = ['report.html', 'report.md', 'junit.xml', 'summary.json', 'timeline.json'].map(
      (name) => file(hostile, name).length,
    )
    expect(Math.max(...sizes)).toBeLessThan(1_000_000)
    const { scenarios } = JSON.parse(file(hostile, 'summary.json')) as RunSummary
    const { errors } = scenarios[0]!
    expect(errors.length).toBeLessThanOrEqual(104)
    expect(errors.reduce((sum, { count }) => sum + count, 0)).toBe(4999)
    expect(markdownText(JSON.parse(file(hostile, 'summary.json'))).length).toBeLessThan(100_000)
  })
})
