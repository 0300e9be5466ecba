export { AlarmBoard } from './alarm-board.js';
export type { AlarmBoardOptions, BoardSeverity } from './alarm-board.js';
export { ApiDocument } from './api-document.js';
export { configDocument } from './config-document.js';
export type { ConfigSection } from './config-document.js';
export { readConfig, variableOf } from './config.js';
export type { Environment, ReadSecretFile } from './config.js';
export { EXIT } from './exit.js';
export type { ExitCode } from './exit.js';
export { watchHealth } from './health-metrics.js';
export { Health } from './health.js';
export type { Alarm, Component, ComponentReport, ComponentState, HealthEvent, RaisedAlarm, Readiness } from './health.js';
export type { LogFields } from './log-fields.js';
export { LOG_LEVELS, createLogger, nestLogger } from './logger.js';
export type { Logger, LoggerOptions } from './logger.js';
export { Metrics } from './metrics.js';
export { openApiDocument } from './openapi.js';
export type { OpenApiInfo } from './openapi.js';
export { PlatformModule } from './platform-module.js';
export type { PlatformOptions } from './platform-module.js';
export { principalOf } from './principal.js';
export type { Authenticate, Principal } from './principal.js';
export { ProblemError, problemOf } from './problem.js';
export type { Problem } from './problem.js';
export { requestIdOf } from './request-id.js';
export { Route, isPublic, routeOf } from './route.js';
export type { RouteDescription, RouteResponse } from './route.js';
export { runService } from './run-service.js';
export type { ServiceConfig, ServiceProgram } from './run-service.js';
export { Secret } from './secret.js';
export { LOOPBACK, startServer } from './server.js';
export type { RunningServer, ServerOptions } from './server.js';
export {
  choiceSetting,
  flagSetting,
  hostSetting,
  integerSetting,
  listSetting,
  portSetting,
  secretSetting,
  textSetting,
  urlSetting,
} from './settings.js';
export type { ProcessEvents } from './shutdown.js';
export { API_DOCUMENT, HEALTH, LOGGER, METRICS } from './tokens.js';
