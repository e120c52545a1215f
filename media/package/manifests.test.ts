/**
 * Goal: playlists and manifests say what strict readers accept and what the segments are.
 * Method: goldens of an invented song, hls-parser in its strict mode, and sums over what was written.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import HLS from 'hls-parser';
import t, { type Test } from 'tap';
import { dashManifest } from './dash.ts';
import { segmentIv, segmentKey } from './encrypt.ts';
import { mediaPlaylist, multivariantPlaylist } from './hls.ts';
import { inventedTrack, TEST_SECRET } from './testing.ts';
import type { Rendition } from './types.ts';

const fixtures = join(import.meta.dirname, '../../test/fixtures/package');
const track = inventedTrack();
const iv = segmentIv(TEST_SECRET, track.songId);
const rendition = track.renditions[1] as Rendition;

/** Delete a golden to have it written again, then review the difference. */
function golden(t: Test, name: string, text: string): void {
  const path = join(fixtures, name);
  if (!existsSync(path)) {
    writeFileSync(path, text);
    t.fail(`${name} was missing and is written: review it and run again`);
  }
  t.equal(text, readFileSync(path, 'utf8'), `${name} is as reviewed`);
}

HLS.setOptions({ strictMode: true });

t.test('manifests are as reviewed', async (t) => {
  golden(t, 'master.m3u8', multivariantPlaylist(track, 320));
  golden(t, 'media.m3u8', mediaPlaylist(track, rendition, iv));
  golden(t, 'manifest.mpd', dashManifest(track, 320, iv));
});

t.test('HLS passes a strict parser', async (t) => {
  const master = HLS.parse(multivariantPlaylist(track, 320)) as HLS.types.MasterPlaylist;
  t.same(
    master.variants.map((variant) => [variant.uri, variant.bandwidth, variant.codecs]),
    [
      ['96/index.m3u8', 105600, 'mp4a.40.2'],
      ['24/index.m3u8', 26400, 'mp4a.40.2'],
      ['160/index.m3u8', 176000, 'mp4a.40.2'],
      ['320/index.m3u8', 352000, 'mp4a.40.2'],
    ],
    'an unknown link starts with 96',
  );
  const media = HLS.parse(mediaPlaylist(track, rendition, iv)) as HLS.types.MediaPlaylist;
  t.ok(media.endlist);
  t.equal(media.segments.length, rendition.segments.length);
  t.same(
    media.segments.map(({ uri, key, map }) => [uri, key?.method, key?.uri, map?.uri]),
    rendition.segments.map((_, i) => [`${i}.m4s`, 'AES-128', 'key', 'init.mp4']),
  );
  const seconds = media.segments.reduce((sum, segment) => sum + segment.duration, 0);
  t.ok(Math.abs(seconds - track.samples / track.sampleRate) < 1e-5, 'durations sum to what sounds');
  for (const segment of media.segments) t.ok(Math.round(segment.duration) <= media.targetDuration);
});

t.test('the key stands behind the map, so that the init section is read in the clear', async (t) => {
  const lines = mediaPlaylist(track, rendition, iv).split('\n');
  const lineOf = (tag: string): number => lines.findIndex((line) => line.startsWith(tag));
  t.ok(lineOf('#EXT-X-MAP') < lineOf('#EXT-X-KEY'));
});

t.test('no rung above the one allowed is named', async (t) => {
  t.notMatch(multivariantPlaylist(track, 96), /160|320/);
  t.notMatch(dashManifest(track, 96, iv), /"160"|"320"/);
  t.match(multivariantPlaylist(track, 24), /24\/index\.m3u8/);
});

t.test('DASH tells the samples that sound, segment by segment', async (t) => {
  const mpd = dashManifest(track, 320, iv);
  const [timeline = ''] = mpd.match(/<SegmentTimeline>[\s\S]*?<\/SegmentTimeline>/) ?? [];
  const samples = [...timeline.matchAll(/ d="(\d+)"(?: r="(\d+)")?/g)].reduce(
    (sum, [, duration, repeats]) => sum + Number(duration) * (1 + Number(repeats ?? 0)),
    0,
  );
  t.equal(samples, track.samples);
});

t.test('each song and rung has a key of its own, the same on every node', async (t) => {
  const keys = (['a', 'b'] as const).flatMap((songId) =>
    ([24, 96, 160, 320] as const).map((rung) => segmentKey(TEST_SECRET, songId, rung).toString('hex')),
  );
  t.equal(new Set(keys).size, 8);
  t.equal(keys[0], '72e7705af3b8f8af86eda3c5a95de9a9');
  t.not(segmentKey(Buffer.alloc(32, 8), 'a', 24).toString('hex'), keys[0]);
});
