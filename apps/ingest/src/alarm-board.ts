import { alarmAdvice } from '@holdfast/assembly';
import { AlarmBoard as Board } from '@holdfast/platform';
import type { Component, Logger } from '@holdfast/platform';
import type { AlarmCode, Alarms } from '@holdfast/ports';

/** The alarms of one role of ingest. */
export class AlarmBoard extends Board<AlarmCode> implements Alarms {
  constructor(component: Component, logger: Logger) {
    super(component, logger, { advice: alarmAdvice });
  }
}
