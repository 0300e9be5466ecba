import type { Health } from './health.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

const STATES = ['starting', 'running', 'draining', 'stopped', 'failed'] as const;

/** Makes every change of health visible in the log, and the present state in the metrics. */
export function watchHealth(health: Health, logger: Logger, metrics: Metrics): void {
  health.onChange((event) => {
    switch (event.kind) {
      case 'state': {
        const fields = { component: event.component, state: event.to, ...(event.reason === undefined ? {} : { reason: event.reason }) };
        if (event.to === 'failed') logger.error(fields, 'component failed');
        else logger.info(fields, 'component changed state');
        break;
      }
      case 'raised': {
        const { component, code: alarm, message: reason, blocking } = event.alarm;
        logger[blocking ? 'error' : 'warn']({ component, alarm, reason }, 'alarm raised');
        break;
      }
      case 'cleared':
        logger.info({ component: event.alarm.component, alarm: event.alarm.code }, 'alarm cleared');
        break;
    }
  });
  metrics.gauge('holdfast_component_state', 'State of a part of the process: 1 for the present one.', ['component', 'state'], function () {
    this.reset();
    for (const { name, state } of health.readiness().components) {
      for (const one of STATES) this.set({ component: name, state: one }, one === state ? 1 : 0);
    }
  });
  metrics.gauge('holdfast_alarm_active', 'Alarms that are raised.', ['component', 'alarm', 'blocking'], function () {
    this.reset();
    for (const { component, code, blocking } of health.readiness().alarms) this.set({ component, alarm: code, blocking: String(blocking) }, 1);
  });
  metrics.gauge('holdfast_service_ready', 'Whether the process is ready: 1 or 0.', [], function () {
    this.set(health.readiness().ready ? 1 : 0);
  });
}
