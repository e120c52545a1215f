import { signal } from '@preact/signals';
import { ApiError } from '../api/http.ts';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: 'info' | 'error';
}

const SHOWN_MS = 5000;
const SHOWN_MAX = 3;
let lastId = 0;

export const toasts = signal<readonly Toast[]>([]);

export function toast(text: string, tone: Toast['tone'] = 'info'): void {
  const id = ++lastId;
  toasts.value = [...toasts.value, { id, text, tone }].slice(-SHOWN_MAX);
  setTimeout(() => {
    toasts.value = toasts.value.filter((shown) => shown.id !== id);
  }, SHOWN_MS);
}

/** What an actor says of a part that is away is for programs; a listener only has to wait. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Something went wrong. Try again.';
  return error.status >= 500
    ? 'A part of the service is away for the moment. Try again soon.'
    : error.message;
}

export const toastError = (error: unknown): void => toast(sentenceOf(error), 'error');
