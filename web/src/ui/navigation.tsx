import { useLocation } from 'preact-iso';
import { online } from '../state/live.ts';
import { profile } from '../state/session.ts';
import { Icon, type IconName } from './icons.tsx';

const LINKS: readonly (readonly [path: string, label: string, icon: IconName])[] = [
  ['/', 'Home', 'home'],
  ['/search', 'Search', 'search'],
  ['/likes', 'Likes', 'heart'],
  ['/history', 'History', 'history'],
  ['/settings', 'Settings', 'settings'],
];

export function Navigation() {
  const { path } = useLocation();
  const me = profile();
  return (
    <nav class="navigation" aria-label="Main">
      <a class="brand" href="/">
        <img src="/icon.svg" alt="" width={28} height={28} />
        <span>Antiphon</span>
      </a>
      {LINKS.map(([to, label, icon]) => (
        <a key={to} class="nav-link" href={to} aria-current={path === to ? 'page' : undefined}>
          <Icon name={icon} />
          <span>{label}</span>
        </a>
      ))}
      <div class="nav-foot">
        {!online.value && <p class="offline">Reconnecting …</p>}
        {me && (
          <p class="who">
            {me.displayName}
            {me.tier === 'premium' && <span class="badge">Premium</span>}
          </p>
        )}
      </div>
    </nav>
  );
}
