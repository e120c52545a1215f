/** Who listens here, and what may be done about it. */
import { useState } from 'preact/hooks';
import type { ManagedUser, Role } from '../../../../actors/accounts/contract.ts';
import { adminApi } from '../../api/admin.ts';
import { profile } from '../../state/session.ts';
import { toastError } from '../../state/toasts.ts';
import { ta } from '../../texts/admin/texts.ts';
import { ago } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Button, IconButton } from '../../ui/parts/button.tsx';
import { openMenuAt } from '../../ui/parts/menu.tsx';
import { Problem, Skeleton } from '../../ui/parts/states.tsx';
import { Table } from '../../ui/parts/table.tsx';
import { usePages } from '../../ui/use-pages.ts';
import { doing, Mark } from './parts.tsx';
import { UserDialog, type UserQuestion } from './user-dialogs.tsx';

const ROLES_SHOWN: readonly Role[] = ['admin', 'operator', 'label', 'artist'];

export function Users() {
  const [prefix, setPrefix] = useState('');
  const [question, setQuestion] = useState<UserQuestion>();
  const users = usePages<ManagedUser>(`admin:users:${prefix}`, (cursor) => adminApi.users(prefix, cursor));
  const { first } = users;

  const menuOf = (user: ManagedUser) => {
    const { userId, tier, subscription, disabledAtMs } = user;
    const ask = (s: 'roles' | 'devices' | 'disable' | 'delete') => () => setQuestion({ s, user });
    const granted = subscription.state === 'granted';
    const saved = (work: Promise<unknown>) => doing(work, ta('users.saved'), first.reload);
    return [
      { label: ta('users.act.roles'), act: ask('roles') },
      ...(granted || tier === 'free'
        ? [
            {
              label: ta(granted ? 'users.act.free' : 'users.act.premium'),
              act: () => saved(adminApi.setTier(userId, granted ? 'free' : 'premium')),
            },
          ]
        : []),
      {
        label: ta('users.act.code'),
        act: () =>
          adminApi.resetCode(userId).then(
            (code) => setQuestion({ s: 'code', user, code }),
            (error: unknown) => toastError(error),
          ),
      },
      { label: ta('users.act.devices'), act: ask('devices') },
      disabledAtMs === undefined
        ? { label: ta('users.act.disable'), act: ask('disable'), danger: true, separated: true }
        : {
            label: ta('users.act.enable'),
            act: () => saved(adminApi.setDisabled(userId, false)),
            separated: true,
          },
      { label: ta('users.act.delete'), act: ask('delete'), danger: true },
    ];
  };

  return (
    <>
      <div class="admin-tools">
        <div class="search-frame">
          <Icon name="search" size={20} />
          <input
            class="search-box"
            type="search"
            aria-label={ta('users.search')}
            placeholder={ta('users.search')}
            maxLength={32}
            value={prefix}
            onInput={(event) => setPrefix(event.currentTarget.value.replace(/[^\w.-]/g, ''))}
          />
        </div>
        <Button icon="plus" onClick={() => setQuestion({ s: 'create' })}>
          {ta('users.create')}
        </Button>
      </div>
      {first.s === 'failed' && <Problem text={first.text} retry={first.reload} />}
      {first.s === 'loading' && <Skeleton shape="rows" />}
      {first.s === 'ready' && users.items.length === 0 && <p class="fine">{ta('users.none')}</p>}
      {users.items.length > 0 && (
        <div class="users-table">
          <Table
            caption={ta('section.users')}
            rows={users.items}
            keyOf={({ userId }) => userId}
            columns={[
              { key: 'name', title: ta('users.name'), render: (user) => <Who user={user} /> },
              { key: 'tier', title: ta('users.tier'), render: ({ tier }) => ta(`tier.${tier}`) },
              {
                key: 'devices',
                title: ta('users.devices'),
                numeric: true,
                render: ({ signedInDevices }) => signedInDevices,
              },
              {
                key: 'seen',
                title: ta('users.seen'),
                render: seenText,
              },
              {
                key: 'more',
                title: ta('users.actions'),
                numeric: true,
                render: (user) => (
                  <IconButton
                    icon="more"
                    label={ta('more', { name: user.displayName })}
                    onClick={(event) => openMenuAt(event.currentTarget, user.displayName, menuOf(user))}
                  />
                ),
              },
            ]}
          />
        </div>
      )}
      {users.hasMore && <Button onClick={users.loadMore}>{ta('loadMore')}</Button>}
      {question && (
        <UserDialog
          question={question}
          onQuestion={setQuestion}
          onClose={() => {
            setQuestion(undefined);
            first.reload();
          }}
        />
      )}
    </>
  );
}

const seenText = ({ lastSeenAtMs }: ManagedUser): string =>
  lastSeenAtMs === undefined ? ta('never') : ago(lastSeenAtMs);

const Who = ({ user }: { user: ManagedUser }) => {
  const { userId, username, displayName, roles, disabledAtMs, tier } = user;
  return (
    <div class={`who-cell ${disabledAtMs === undefined ? '' : 'off'}`}>
      <span class="avatar" aria-hidden="true">
        {[...displayName][0]?.toUpperCase()}
      </span>
      <span>
        <b>{displayName}</b> <small>{username}</small>
        <span class="marks">
          {userId === profile()?.userId && <Mark tone="plain">{ta('users.you')}</Mark>}
          {disabledAtMs !== undefined && <Mark tone="danger">{ta('users.disabled')}</Mark>}
          {ROLES_SHOWN.filter((role) => roles.includes(role)).map((role) => (
            <Mark key={role} tone="good">
              {ta(`role.${role}`)}
            </Mark>
          ))}
        </span>
        <small class="narrow-only">
          {ta(`tier.${tier}`)} · {seenText(user)}
        </small>
      </span>
    </div>
  );
};
