import type { Call, EventType, HistoryEvent, PolledRecord, RecordAction } from './history';

/** Histories by hand, for tests: every event a millisecond after the one before it. */
export class Scenario {
  readonly events: HistoryEvent[] = [];

  event(type: EventType, process: number, call: Call): this {
    this.events.push({ type, process, timeMs: this.events.length, call });
    return this;
  }

  /** An invocation and its end. Offsets are what is told at the end. */
  does(process: number, outcome: Exclude<EventType, 'invoke'>, call: Call): this {
    return this.event('invoke', process, askedBy(call)).event(outcome, process, call);
  }

  sends(process: number, log: string, value: string, offset?: number): this {
    return this.does(process, 'ok', records(sent(log, value, offset)));
  }

  mayHaveSent(process: number, log: string, value: string): this {
    return this.does(process, 'info', records(sent(log, value)));
  }

  failsToSend(process: number, log: string, value: string): this {
    return this.does(process, 'fail', records(sent(log, value)));
  }

  /** Values as `offset:value`. */
  polls(process: number, log: string, ...values: readonly string[]): this {
    return this.does(process, 'ok', records(polled(log, ...values)));
  }
}

export const records = (...actions: readonly RecordAction[]): Call => ({ kind: 'records', actions });

export const sent = (log: string, value: string, offset?: number): RecordAction => ({
  ...{ kind: 'send', log, value },
  ...(offset === undefined ? {} : { offset }),
});

export const polled = (log: string, ...values: readonly string[]): RecordAction => ({
  ...{ kind: 'poll', log },
  records: values.map((text): PolledRecord => {
    const [offset, value = ''] = text.split(':');
    return { offset: Number(offset), value };
  }),
});

const askedBy = (call: Call): Call =>
  call.kind !== 'records'
    ? call
    : {
        ...call,
        actions: call.actions.map((action) =>
          action.kind === 'send' ? sent(action.log, action.value) : { ...action, records: [] },
        ),
      };
