/**
 * The DASH manifest (ISO/IEC 23009-1) over the same encrypted segments, with segment encryption as of
 * ISO/IEC 23009-4. Key URLs resolve against each representation's base URL, so each rung keeps its own key.
 */
import type { Rung } from '../../actors/catalog/contract.ts';
import { allowedRenditions } from './hls.ts';
import { trackUrls } from './names.ts';
import { soundingSamples } from './segment.ts';
import type { RenditionLayout, TrackLayout } from './types.ts';

const besideRung = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

export function dashManifest(track: TrackLayout, maxRung: Rung, iv: Uint8Array): string {
  const renditions = allowedRenditions(track, maxRung);
  const seconds = (track.samples / track.sampleRate).toFixed(6);
  return `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT${seconds}S" minBufferTime="PT2S">
  <Period id="0" start="PT0S">
    <AdaptationSet id="0" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">
      <ContentProtection schemeIdUri="urn:mpeg:dash:sea:2012">
        <SegmentEncryption xmlns="urn:mpeg:dash:schema:sea:2012" schemeIdUri="urn:mpeg:dash:sea:aes128-cbc:2013"/>
        <CryptoPeriod xmlns="urn:mpeg:dash:schema:sea:2012" keyUriTemplate="key" IV="0x${Buffer.from(iv).toString('hex')}"/>
      </ContentProtection>
${renditions.map((rendition) => representation(track, rendition)).join('\n')}
    </AdaptationSet>
  </Period>
</MPD>
`;
}

function representation(track: TrackLayout, rendition: RenditionLayout): string {
  const { rung } = rendition;
  return `      <Representation id="${rung}" codecs="${rendition.codec}" bandwidth="${rendition.bandwidthBps}" audioSamplingRate="${track.sampleRate}">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="${rendition.channels}"/>
        <BaseURL>${rung}/</BaseURL>
        <SegmentTemplate timescale="${track.sampleRate}" startNumber="0" initialization="${besideRung(trackUrls.encryptedInit(rung))}" media="$Number$.m4s">
          <SegmentTimeline>
${timeline(soundingSamples(track, rendition))}
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>`;
}

/** One line for each run of segments that last equally long. */
function timeline(samples: readonly number[]): string {
  const runs: { duration: number; repeats: number }[] = [];
  for (const duration of samples) {
    const last = runs.at(-1);
    if (last?.duration === duration) last.repeats += 1;
    else runs.push({ duration, repeats: 0 });
  }
  return runs
    .map(({ duration, repeats }, i) => {
      const attributes = [i === 0 ? ' t="0"' : '', ` d="${duration}"`, repeats > 0 ? ` r="${repeats}"` : ''];
      return `            <S${attributes.join('')}/>`;
    })
    .join('\n');
}
