// The public API of limitscope.

export { version } from './commands/version.ts'
export {
  burst,
  command,
  constant,
  defineConfig,
  defineScenario,
  env,
  file,
  forDuration,
  gamma,
  lane,
  poisson,
  ramp,
  replay,
  saturate,
  shape,
  spaced,
  steps,
  untilRejected,
  untilRequests,
  untilSpent,
  users,
} from './config/builders.ts'
export type {
  ArrivalsInput,
  ConfigInput,
  CredentialInput,
  LaneInput,
  LimiterInput,
  PhaseInput,
  RuleInput,
  ScenarioInput,
  ShapeInput,
  StopRuleInput,
  TargetInput,
} from './config/schema.ts'
