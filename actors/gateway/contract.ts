import { type Static, Type } from 'typebox';
import { TELEMETRY_EVENTS_MAX } from '../../config/limits.ts';
import { command, defineContract, Empty, Id, literals, object } from '../../kit/contract.ts';
import { Rung } from '../catalog/contract.ts';

const ofPlay = { playId: Type.Optional(Id) };

export const PlaybackStart = object({
  type: literals('playbackStart'),
  ...ofPlay,
  startupMs: Type.Integer({ minimum: 0, maximum: 600_000, description: 'From the click to sound' }),
  how: literals('cold', 'prefetched'),
});
export const Underrun = object({
  type: literals('underrun'),
  ...ofPlay,
  stalledMs: Type.Integer({ minimum: 0, maximum: 600_000, description: 'How long it was silent' }),
});
export const PlaybackError = object({
  type: literals('error'),
  ...ofPlay,
  code: literals('network', 'manifest', 'key', 'media', 'decode', 'other'),
});
export const RungSwitch = object({
  type: literals('rungSwitch'),
  ...ofPlay,
  fromRung: Rung,
  toRung: Rung,
});

export const ClientEvent = Type.Union([PlaybackStart, Underrun, PlaybackError, RungSwitch]);
export type ClientEvent = Static<typeof ClientEvent>;

export const gatewayContract = defineContract({
  name: 'gateway',
  actions: {
    /** It becomes metrics and nothing else: no row says who heard what how well. */
    events: command('Report how playback went, in batches', {
      params: object({ events: Type.Array(ClientEvent, { minItems: 1, maxItems: TELEMETRY_EVENTS_MAX }) }),
      result: Empty,
    }),
  },
});
