/** From what clients report of their playback to metrics. */
import { counter, histogram } from '../../kit/metrics.ts';
import type { ClientEvent } from './contract.ts';

const startup = histogram(
  'client_startup_seconds',
  'From the click to sound, as clients measured it',
  [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
  ['how'],
);
const underruns = counter('client_underruns_total', 'Times that playback ran dry');
const silence = counter('client_underrun_seconds_total', 'Seconds of silence in underruns');
const errors = counter('client_playback_errors_total', 'Playback errors by kind', ['code']);
const switches = counter('client_rung_switches_total', 'Changes of rendition', ['direction']);

export function recordClientEvent(event: ClientEvent): void {
  switch (event.type) {
    case 'playbackStart':
      startup.observe({ how: event.how }, event.startupMs / 1000);
      return;
    case 'underrun':
      underruns.inc();
      silence.inc(event.stalledMs / 1000);
      return;
    case 'error':
      errors.inc({ code: event.code });
      return;
    case 'rungSwitch':
      switches.inc({ direction: event.toRung < event.fromRung ? 'down' : 'up' });
  }
}
