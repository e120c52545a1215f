import { signal } from '@preact/signals';
import { ApiError } from '../api/http.ts';
import { t, tOf } from '../texts/texts.ts';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: 'info' | 'error';
  readonly action?: { readonly label: string; readonly act: () => void };
}

const SHOWN_MS = 5000;
const SHOWN_MAX = 3;
let lastId = 0;

export const toasts = signal<readonly Toast[]>([]);

const add = (toast: Omit<Toast, 'id'>): number => {
  const id = ++lastId;
  toasts.value = [...toasts.value, { ...toast, id }].slice(-SHOWN_MAX);
  return id;
};

export function toast(text: string, tone: Toast['tone'] = 'info'): void {
  const id = add({ text, tone });
  setTimeout(() => {
    toasts.value = toasts.value.filter((shown) => shown.id !== id);
  }, SHOWN_MS);
}

/** Stays until it is answered. */
export function offer(text: string, label: string, act: () => void): void {
  add({ text, tone: 'info', action: { label, act } });
}

/** What an actor says of a part that is away is for programs; a listener only has to wait. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.unknown');
  if (error.status === 0) return t('error.offline');
  return tOf('problem.', error.code) ?? (error.status >= 500 ? t('error.partAway') : error.message);
}

export const toastError = (error: unknown): void => toast(sentenceOf(error), 'error');
