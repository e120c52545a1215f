import type { ComponentChildren } from 'preact';
import { toasts } from '../state/toasts.ts';

export const Toasts = () => (
  <div class="toasts" role="status" aria-live="polite">
    {toasts.value.map(({ id, text, tone }) => (
      <p key={id} class={`toast ${tone}`}>
        {text}
      </p>
    ))}
  </div>
);

export const Problem = ({ text, retry }: { text: string; retry?: () => unknown }) => (
  <div class="notice" role="alert">
    <p>{text}</p>
    {retry && (
      <button type="button" class="button" onClick={() => retry()}>
        Try again
      </button>
    )}
  </div>
);

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="notice">
    <h2>{title}</h2>
    {children && <p>{children}</p>}
  </div>
);

export const NotFound = () => (
  <Empty title="There is nothing here.">The address may be old or mistyped.</Empty>
);
