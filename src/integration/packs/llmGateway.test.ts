import { packTests } from '../../testing/packTests.ts'

packTests('llm-gateway', [
  {
    breaks: 'wrong-error-code',
    words: ['llm-gateway/backpressure'],
    red: ['count(limited) >= 1', 'count(ok) + count(limited) == 60'],
  },
  {
    breaks: 'empty-content',
    words: ['llm-gateway/chat'],
    red: ['chat: /choices/0/message/content has a length >= 1'],
  },
  { breaks: 'usage-zero', words: ['llm-gateway/chat'], red: ['chat: /usage/total_tokens > 0'] },
])
