import { useLocation } from 'preact-iso';
import { profile } from '../../state/session.ts';
import { column } from '../../state/view.ts';
import type { TextKey } from '../../texts/texts.ts';
import { t } from '../../texts/texts.ts';
import { Icon, type IconName } from '../icons.tsx';
import { Offline } from '../notices.tsx';
import { IconButton } from '../parts/button.tsx';
import { LibraryColumn } from './library-column.tsx';

interface Link {
  readonly to: string;
  readonly label: TextKey;
  readonly icon: IconName;
  /** Paths that belong to it. */
  readonly of?: RegExp;
  /** On a phone it is reached through another page. */
  readonly wideOnly?: boolean;
}

const LINKS: readonly Link[] = [
  { to: '/', label: 'nav.home', icon: 'home' },
  { to: '/search', label: 'nav.search', icon: 'search' },
  { to: '/library', label: 'nav.library', icon: 'library', of: /^\/(library|albums|artists|songs|genres)\b/ },
  { to: '/likes', label: 'nav.likes', icon: 'heart' },
  { to: '/history', label: 'nav.history', icon: 'history', wideOnly: true },
];
const LAST: readonly Link[] = [{ to: '/settings', label: 'nav.settings', icon: 'settings' }];
const ADMIN: Link = { to: '/admin', label: 'nav.admin', icon: 'shield', of: /^\/admin\b/, wideOnly: true };

function NavLink({ link: { to, label, icon, of, wideOnly } }: { link: Link }) {
  const { path } = useLocation();
  const here = path === to || of?.test(path);
  return (
    <a
      class={`nav-link ${wideOnly ? 'wide-only' : ''}`}
      href={to}
      aria-current={path === to ? 'page' : here ? 'true' : undefined}
      title={t(label)}
    >
      <Icon name={icon} size={22} />
      <span>{t(label)}</span>
    </a>
  );
}

export function Navigation() {
  const me = profile();
  const isNarrow = column.value === 'narrow';
  const last = me?.roles.includes('admin') ? [ADMIN, ...LAST] : LAST;
  return (
    <div class={`column ${isNarrow ? 'narrow' : ''}`}>
      <nav class="navigation" aria-label={t('nav.main')}>
        <div class="brand">
          <a href="/" aria-label="Antiphon">
            <img src="/icon.svg" alt="" width={30} height={30} />
            <span>Antiphon</span>
          </a>
          <IconButton
            icon="sidebar"
            class="column-fold"
            label={isNarrow ? t('column.open') : t('column.fold')}
            aria-expanded={!isNarrow}
            onClick={() => {
              column.value = isNarrow ? 'open' : 'narrow';
            }}
          />
        </div>
        {[...LINKS, ...last].map((link) => (
          <NavLink key={link.to} link={link} />
        ))}
      </nav>
      <LibraryColumn narrow={isNarrow} />
      <Offline />
    </div>
  );
}
