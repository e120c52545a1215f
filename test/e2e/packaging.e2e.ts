/**
 * Goal: what ingest packages plays to its end in a browser: HLS in hls.js, DASH in Shaka Player, the
 * progressive file in a bare audio element. Method: package a tone, serve it as an edge would, play and seek.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { findFfmpeg } from '../../media/ingest/ffmpeg.ts';
import { storePackage } from '../../media/ingest/package.ts';
import { probe } from '../../media/ingest/probe.ts';
import { FolderObjects } from '../../media/ingest/testing/engines.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';
import { transcode } from '../../media/ingest/transcode.ts';
import { trackKeys } from '../../media/package/names.ts';
import { serve, servedFiles } from '../../media/package/testing.ts';
import { openBrowser } from './browser.ts';

const SAMPLE_RATE = 44100;
const SAMPLES = 20 * SAMPLE_RATE + 123;
/** Padding that a player may leave on: less than one frame. */
const FRAME_SECONDS = 1024 / SAMPLE_RATE;

const require = createRequire(import.meta.url);

/** Defines `play(kind)`: plays from the start, seeks to near the end, resolves with where it ended. */
const PAGE = `<!doctype html><audio></audio><script src="hls.js"></script><script src="shaka.js"></script><script>
const audio = document.querySelector('audio');
const load = {
  async hls(fail) {
    const hls = new Hls();
    hls.on(Hls.Events.ERROR, (_, data) => data.fatal && fail(new Error(data.details)));
    hls.loadSource('master.m3u8');
    hls.attachMedia(audio);
  },
  async dash() {
    const player = new shaka.Player();
    await player.attach(audio);
    await player.load('manifest.mpd');
  },
  async file() { audio.src = '320.m4a'; },
};
const play = (kind) => new Promise((ended, fail) => {
  audio.onerror = () => fail(new Error(audio.error.message));
  audio.onended = () => ended({ at: audio.currentTime, duration: audio.duration, sought: audio.dataset.sought });
  audio.ontimeupdate = () => {
    if (audio.currentTime < 0.5 || audio.dataset.sought) return;
    audio.dataset.sought = 'yes';
    audio.currentTime = 18.5;
  };
  load[kind](fail).then(() => audio.play()).catch(fail);
});
</script>`;

t.test('a packaged song plays to its end and can be sought in', async (t) => {
  const folder = t.testdir({ work: {}, objects: {} });
  const ffmpeg = await findFfmpeg();
  const source = await makeMusic(ffmpeg, folder, 'tone.wav', { samples: SAMPLES, sampleRate: SAMPLE_RATE });
  const objects = new FolderObjects(join(folder, 'objects'));
  const probed = probe(source);
  const transcoded = await transcode(probed, ffmpeg, join(folder, 'work'));
  const track = await storePackage('song', transcoded, probed.durationMs, objects, 'encoding');
  const renditions = new Map<number, Buffer>();
  for (const { rung } of track.renditions) {
    renditions.set(rung, (await objects.get(trackKeys.rendition('song', rung, 'encoding'))) as Buffer);
  }
  const files = await servedFiles(track, (rung) => renditions.get(rung) as Buffer);
  files.set('play.html', Buffer.from(PAGE));
  files.set('hls.js', await readFile(require.resolve('hls.js/dist/hls.js')));
  files.set('shaka.js', await readFile(require.resolve('shaka-player/dist/shaka-player.compiled.js')));
  await using server = await serve(files);
  await using browser = await openBrowser();

  for (const kind of ['hls', 'dash', 'file'] as const) {
    const page = await browser.newPage();
    await page.goto(`${server.url}/play.html`);
    const { at, duration, sought } = (await page.evaluate(`play('${kind}')`)) as {
      at: number;
      duration: number;
      sought?: string;
    };
    const seconds = SAMPLES / SAMPLE_RATE;
    t.equal(sought, 'yes', `${kind} sounded and was sought in`);
    t.ok(duration >= seconds - 0.001 && duration < seconds + FRAME_SECONDS, `${kind} lasts ${duration} s`);
    t.ok(Math.abs(at - duration) < 0.1, `${kind} ended at its end`);
    await page.close();
  }
});
