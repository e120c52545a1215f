/** The administration: one page with a part for each concern, for administrators alone. */

import type { ComponentType } from 'preact';
import { useLocation } from 'preact-iso';
import { profile } from '../../state/session.ts';
import { type AdminKey, ta } from '../../texts/admin/texts.ts';
import { NotFound } from '../../ui/notices.tsx';
import { EmptyState } from '../../ui/parts/states.tsx';
import { usePageTitle } from '../../ui/shell/navigated.ts';
import { Corrections } from './corrections.tsx';
import { Invitations } from './invitations.tsx';
import { Keys } from './keys.tsx';
import { Library } from './library.tsx';
import { Overview } from './overview.tsx';
import { StoragePart } from './storage.tsx';
import { Users } from './users.tsx';

const SECTIONS: readonly (readonly [path: string, label: AdminKey, part: ComponentType])[] = [
  ['/admin', 'section.overview', Overview],
  ['/admin/library', 'section.library', Library],
  ['/admin/users', 'section.users', Users],
  ['/admin/invitations', 'section.invitations', Invitations],
  ['/admin/corrections', 'section.corrections', Corrections],
  ['/admin/storage', 'section.storage', StoragePart],
  ['/admin/keys', 'section.keys', Keys],
];

export function AdminPage() {
  const { path } = useLocation();
  const isAdmin = profile()?.roles.includes('admin') === true;
  const section = SECTIONS.find(([at]) => at === path.replace(/\/$/, ''));
  usePageTitle(isAdmin && section ? `${ta(section[1])} · ${ta('title')}` : ta('title'));
  if (!isAdmin) {
    return (
      <div class="page">
        <EmptyState title={ta('only.title')} icon="shield">
          {ta('only.text')} <a href="/">{ta('only.home')}</a>
        </EmptyState>
      </div>
    );
  }
  if (!section) return <NotFound />;
  const [, label, Part] = section;
  return (
    <div class="page admin">
      <h1>{ta('title')}</h1>
      <nav class="admin-sections" aria-label={ta('sections')}>
        {SECTIONS.map(([at, name]) => (
          <a key={at} class="chip" href={at} aria-current={at === section[0] ? 'page' : undefined}>
            {ta(name)}
          </a>
        ))}
      </nav>
      <div class="admin-section" key={label}>
        <Part />
      </div>
    </div>
  );
}
