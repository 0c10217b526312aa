import { check, defineScenario, spaced, untilRequests } from 'limitscope'
import { apiRouter, chat, chatShape, needsRouter, organisation } from './system.ts'

const budgetKey = organisation('exhausted-budget')
const quotaKey = organisation('exhausted-quota')

export const budget = defineScenario('api-router/budget', {
  title: 'a budget and a quota with nothing left: 402, and which of them it was',
  system: apiRouter,
  needs: needsRouter,
  lanes: [budgetKey, quotaKey],
  mix: [chatShape('spent')],
  arrivals: spaced('10ms', { concurrency: 2 }),
  until: untilRequests(10),
  steps: [
    chat('budget', {
      lane: budgetKey,
      status: 402,
      check: [
        check.json('/code', { equals: 'BUDGET_EXCEEDED' }),
        check.json('/limit_context/quota_type', { equals: 'budget' }),
      ],
    }),
    chat('quota', {
      lane: quotaKey,
      status: 402,
      check: [
        check.json('/code', { equals: 'QUOTA_EXCEEDED' }),
        check.json('/limit_context/quota_type', { equals: 'daily_quota' }),
      ],
    }),
  ],
  expect: [
    'count(ok) == 0',
    'count(limited) == 10',
    'first(budget){lane=exhausted-budget}.limiter == budget',
    'first(budget){lane=exhausted-quota}.limiter == quota',
    'first(budget).status == 402',
  ],
})
