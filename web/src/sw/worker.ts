/**
 * The service worker: it keeps the player's own files, so that it opens without a network and says so. What the
 * service answers, and all music and covers, go past it.
 */

/** Put in by the build: the files, and a name that changes with any of them. */
declare const SHELL: readonly string[];
declare const VERSION: string;

interface Worker extends EventTarget {
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}
interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const worker = globalThis as unknown as Worker;
const CACHE = `shell-${VERSION}`;
/** A network that says nothing for so long is none. */
const ANSWERS_WITHIN_MS = 4000;
const ofShell = new Set(SHELL);

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(SHELL.map((path) => new Request(path, { cache: 'reload' })));
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** A page comes from the network where there is one: it is never older than the service. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
  } catch (error) {
    const kept = await caches.match('/');
    if (kept) return kept;
    throw error;
  }
}

worker.addEventListener('install', (event) => (event as Extendable).waitUntil(install()));
worker.addEventListener('activate', (event) => (event as Extendable).waitUntil(activate()));
worker.addEventListener('message', (event) => {
  if ((event as MessageEvent).data === 'take') void worker.skipWaiting();
});
worker.addEventListener('fetch', (event) => {
  const { request, respondWith } = event as Fetching;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (request.mode === 'navigate') respondWith.call(event, page(request));
  else if (ofShell.has(url.pathname)) {
    respondWith.call(
      event,
      caches.match(url.pathname).then((kept) => kept ?? fetch(request)),
    );
  }
});
