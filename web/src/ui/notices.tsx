import { useEffect, useRef } from 'preact/hooks';
import { coasting, online } from '../state/live.ts';
import { toasts } from '../state/toasts.ts';
import { t } from '../texts/texts.ts';
import { EmptyState } from './parts/states.tsx';
import { usePageTitle } from './shell/navigated.ts';

/** Above everything, dialogs too. */
export function Toasts() {
  const root = useRef<HTMLDivElement>(null);
  const shown = toasts.value;
  useEffect(() => {
    // Shown anew, it is on top of what was opened meanwhile.
    if (root.current?.matches(':popover-open')) root.current.hidePopover();
    if (shown.length > 0) root.current?.showPopover();
  }, [shown]);
  return (
    <div class="toasts" ref={root} popover="manual" role="status" aria-live="polite">
      {shown.map(({ id, text, tone, action }) => (
        <p key={id} class={`toast ${tone}`}>
          {text}
          {action && (
            <button type="button" class="toast-action" onClick={action.act}>
              {action.label}
            </button>
          )}
        </p>
      ))}
    </div>
  );
}

export const Offline = () =>
  online.value ? null : <p class="offline">{t(coasting.value ? 'state.coasting' : 'state.reconnecting')}</p>;

export function NotFound() {
  usePageTitle(t('notFound.title'));
  return (
    <div class="page">
      <h1 class="visually-hidden">{t('notFound.title')}</h1>
      <EmptyState title={t('notFound.title')} icon="search">
        {t('notFound.text')} <a href="/">{t('notFound.home')}</a>
      </EmptyState>
    </div>
  );
}
