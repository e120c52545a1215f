/** What a page shows when it has nothing to show: waiting, empty, or a problem. */
import type { ComponentChildren } from 'preact';
import { t } from '../../texts/texts.ts';
import { Icon, type IconName } from '../icons.tsx';
import { Button } from './button.tsx';

interface EmptyStateProps {
  readonly title: string;
  readonly icon?: IconName;
  readonly children?: ComponentChildren;
  readonly action?: ComponentChildren;
}

export const EmptyState = ({ title, icon = 'note', children, action }: EmptyStateProps) => (
  <div class="notice">
    <span class="notice-icon">
      <Icon name={icon} size={30} />
    </span>
    <h2>{title}</h2>
    {children && <p>{children}</p>}
    {action}
  </div>
);

export const Problem = ({ text, retry }: { text: string; retry?: () => unknown }) => (
  <div class="notice" role="alert">
    <span class="notice-icon">
      <Icon name="offline" size={30} />
    </span>
    <p>{text}</p>
    {retry && <Button onClick={() => retry()}>{t('action.tryAgain')}</Button>}
  </div>
);

const ROWS = 8;
const CARDS = 12;

/** Shapes of what is on its way, for a whole page or a part of one; they appear only when it takes a while. */
export function Skeleton({ shape }: { shape: 'page' | 'album' | 'rows' | 'cards' }) {
  const rows = Array.from({ length: ROWS }, (_, i) => <i key={i} class="bone bone-row" />);
  const cards = (
    <div class="cards grid">
      {Array.from({ length: CARDS }, (_, i) => (
        <div key={i} class="bone-card">
          <i class="bone bone-cover" />
          <i class="bone bone-line" />
        </div>
      ))}
    </div>
  );
  return (
    <div
      class={`skeleton ${shape === 'page' || shape === 'album' ? 'page' : ''}`}
      aria-busy="true"
      aria-label={t('state.loading')}
      role="status"
    >
      {shape === 'album' && (
        <div class="hero">
          <i class="bone bone-hero" />
          <div class="hero-text">
            <i class="bone bone-title" />
            <i class="bone bone-line" />
          </div>
        </div>
      )}
      {shape === 'page' && <i class="bone bone-title" />}
      {shape === 'page' || shape === 'cards' ? cards : rows}
    </div>
  );
}
