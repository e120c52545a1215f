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

export const toastError = (error: unknown): void =>
  toast(error instanceof ApiError ? error.message : 'Something went wrong. Try again.', 'error');
