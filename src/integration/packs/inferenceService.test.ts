import { packTests } from '../../testing/packTests.ts'

packTests('inference-service', [
  {
    breaks: 'no-done',
    words: ['inference-service/streaming'],
    red: ['stream: stream end matches data: \\[DONE\\]\\n\\n$'],
  },
  {
    breaks: 'rejects-when-busy',
    words: ['inference-service/concurrency-5'],
    red: ['count(ok) == 5', 'count(limited) == 0'],
  },
  {
    breaks: 'rejects-when-busy',
    words: ['inference-service/ladder'],
    red: ['ladder().kind == queues'],
  },
  {
    breaks: 'empty-content',
    words: ['inference-service/connectivity-phi-4'],
    red: ['hello: /choices/0/message/content has a length >= 1'],
  },
  {
    breaks: 'usage-zero',
    words: ['inference-service/connectivity-phi-4'],
    red: ['hello: /usage/total_tokens > 0'],
  },
  {
    breaks: 'critic-missing',
    profile: 'documented',
    words: ['inference-service/orchestration'],
    red: ['critique: /orchestration/models_used contains deepseek-r1-7b'],
  },
])
