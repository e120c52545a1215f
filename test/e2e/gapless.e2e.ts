/**
 * Goal: between the songs of an album not one sample is missing, and none is added.
 * Method: one tone, cut in three at odd samples and ingested as three songs, is played in Chromium. What the
 * audio element puts out is caught by an AudioWorklet and compared with the tone: the shift between them is the
 * same before and behind each seam.
 */
import type { Page } from 'playwright-core';
import t from 'tap';
import { toneAt } from '../../media/ingest/testing/music.ts';
import { openBrowser } from './browser.ts';
import { makeLibrary, SAMPLE_RATE } from './library.ts';
import { listenIn, playAlbum, signUp } from './listener.ts';
import { startOn } from './service.ts';

const TIMEOUT_MS = 60_000;
/** Seconds that are no whole number of frames, nor of samples in a millisecond. */
const SECONDS = [7.003, 5.5017, 4];
const ALBUM = {
  title: 'One Breath',
  artist: 'The Long Tone',
  genre: 'Test',
  songs: SECONDS.map((seconds, i) => ({ title: `Part ${i + 1}`, seconds, goesOn: i > 0 })),
};
const SEED = 1;
/** Compared on either side of a seam: long enough to be sure, short enough that the tone is known by it. */
const WINDOW = 4096;
const SHIFT_MAX = 3000;

const CATCHER = `
registerProcessor('catcher', class extends AudioWorkletProcessor {
  process([[channel]]) {
    if (channel) this.port.postMessage(channel.slice());
    return true;
  }
});`;

/** Everything that the page's audio elements put out from now on, as one row of samples. */
async function catchSound(page: Page): Promise<void> {
  await page.evaluate(
    async ({ code, sampleRate }) => {
      const context = new AudioContext({ sampleRate });
      await context.audioWorklet.addModule(
        URL.createObjectURL(new Blob([code], { type: 'text/javascript' })),
      );
      const catcher = new AudioWorkletNode(context, 'catcher');
      const caught: Float32Array[] = [];
      catcher.port.onmessage = ({ data }) => caught.push(data as Float32Array);
      for (const audio of window.listening.audios) context.createMediaElementSource(audio).connect(catcher);
      catcher.connect(context.destination);
      Object.assign(window, { caught });
    },
    { code: CATCHER, sampleRate: SAMPLE_RATE },
  );
}
const caughtIn = async (page: Page): Promise<Float32Array> =>
  Float32Array.from(
    await page.evaluate(() =>
      (window as unknown as { caught: Float32Array[] }).caught.flatMap((part) => [...part]),
    ),
  );

/** Of the tone at `sample`, and how alike the two are, from -1 to 1. */
function likeness(heard: Float32Array, at: number, sample: number): number {
  let [both, ofHeard, ofTone] = [0, 0, 0];
  for (let i = 0; i < WINDOW; i++) {
    const x = heard[at + i] ?? 0;
    const y = toneAt(SEED, (sample + i) / SAMPLE_RATE);
    both += x * y;
    ofHeard += x * x;
    ofTone += y * y;
  }
  return both / Math.sqrt(ofHeard * ofTone || 1);
}

/** How many samples later than `at` says the tone is heard there, looked for around `expected`. */
function shiftAt(heard: Float32Array, sample: number, expected: number, within: number) {
  let best = { shift: 0, likeness: -1 };
  for (let shift = expected - within; shift <= expected + within; shift++) {
    const found = likeness(heard, sample + shift, sample);
    if (found > best.likeness) best = { shift, likeness: found };
  }
  return best;
}

t.test('the songs of an album follow each other without a sample between them', async (t) => {
  const service = await startOn(await makeLibrary([ALBUM]));
  t.teardown(() => service.stop());
  const browser = await openBrowser({ bypassCSP: true });
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  await listenIn(page);
  await signUp(page, service.url, 'ada');
  await catchSound(page);
  await playAlbum(page, ALBUM.title);
  const bar = page.getByRole('region', { name: 'Player' });
  await bar.getByText('Part 3').waitFor();
  await page.waitForFunction(() => window.listening.heard.some(({ event }) => event === 'ended'));
  const heard = await caughtIn(page);
  const begins = heard.findIndex((sample) => Math.abs(sample) > 0.001);
  const loudest = heard.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  t.ok(begins >= 0 && loudest > 0.1, 'something is heard');

  let seam = 0;
  for (const [i, seconds] of SECONDS.slice(0, -1).entries()) {
    seam += Math.round(seconds * SAMPLE_RATE);
    const before = shiftAt(heard, seam - WINDOW - 64, begins, SHIFT_MAX);
    const behind = shiftAt(heard, seam + 64, before.shift, SHIFT_MAX);
    t.ok(before.likeness > 0.95 && behind.likeness > 0.95, `${before.likeness} and ${behind.likeness} alike`);
    t.equal(behind.shift - before.shift, 0, `samples added between songs ${i + 1} and ${i + 2}`);
    t.ok(likeness(heard, seam + before.shift - WINDOW / 2, seam - WINDOW / 2) > 0.95, 'and across the seam');
  }
});
