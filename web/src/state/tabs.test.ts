/**
 * Goal: of the tabs of one browser one sounds, and the one that the listener used last.
 * Method: a channel on which the test is the other tab. All waiting takes a hundredth of its time.
 */
import t from 'tap';

const later = globalThis.setTimeout;
let told: string[] = [];
let line: Channel | undefined;
class Channel extends EventTarget {
  constructor() {
    super();
    line = this;
  }
  postMessage(note: string): void {
    told.push(note);
  }
  close(): void {
    line = undefined;
  }
}
Object.assign(globalThis, {
  BroadcastChannel: Channel,
  addEventListener: () => undefined,
  setTimeout: (work: () => void, ms = 0) => later(work, ms / 100),
});
const { claimSound, soundsInOtherTab, startTabs, stopTabs } = await import('./tabs.ts');
const otherSays = (note: string) => line?.dispatchEvent(new MessageEvent('message', { data: note }));
t.beforeEach(() => {
  stopTabs();
  told = [];
});
const wait = (ms: number) => new Promise((done) => later(done, ms));

t.test('the only tab sounds, and says so to whoever asks', async (t) => {
  await startTabs(() => undefined);
  t.equal(soundsInOtherTab.value, false);
  otherSays('whose');
  t.same(told, ['whose', 'mine', 'mine']);
});

t.test('a second tab is silent until something is played in it', async (t) => {
  const started = startTabs(() => undefined);
  otherSays('mine');
  await started;
  t.equal(soundsInOtherTab.value, true);
  otherSays('whose');
  t.same(told, ['whose'], 'it answers for nobody');
  claimSound();
  t.equal(soundsInOtherTab.value, false);
  t.equal(told.at(-1), 'mine');
});

t.test('the tab whose sound is taken falls silent', async (t) => {
  await startTabs(() => undefined);
  otherSays('mine');
  t.equal(soundsInOtherTab.value, true);
});

t.test('a tab that is loaded anew keeps the sound; one that is gone leaves it', async (t) => {
  let vacant = 0;
  const started = startTabs(() => vacant++);
  otherSays('mine');
  await started;
  otherSays('left');
  otherSays('mine');
  await wait(60);
  t.equal(vacant, 0);
  t.equal(soundsInOtherTab.value, true);
  otherSays('left');
  await wait(60);
  t.equal(vacant, 1);
  t.equal(soundsInOtherTab.value, false);
});
