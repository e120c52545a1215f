/** Invitations: made, handed on, watched and taken back. */
import { useState } from 'preact/hooks';
import type { Invitation, Role, Tier } from '../../../../actors/accounts/contract.ts';
import { adminApi } from '../../api/admin.ts';
import { ta } from '../../texts/admin/texts.ts';
import { ago, list } from '../../ui/format.ts';
import { Button } from '../../ui/parts/button.tsx';
import { Dialog } from '../../ui/parts/dialog.tsx';
import { Select, TextField } from '../../ui/parts/fields.tsx';
import { EmptyState, Problem, Skeleton } from '../../ui/parts/states.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { moment } from './format.ts';
import { Card, CopyField, doing, FormDialog, Mark, textOf } from './parts.tsx';
import { TierChoice } from './user-dialogs.tsx';

const DAY_MS = 86_400_000;
const USES = ['1', '2', '5', '10', '25'] as const;
const DAYS = ['1', '7', '30', '365'] as const;
const ROLES = ['listener', 'admin'] as const;

export function Invitations() {
  const found = useLoad('admin:invitations', adminApi.invitations);
  const [shown, setShown] = useState<Invitation | 'new'>();
  if (found.s === 'failed') return <Problem text={found.text} retry={found.reload} />;
  if (found.s === 'loading') return <Skeleton shape="rows" />;
  const { items } = found.value;
  const open = items.filter(({ state }) => state === 'open');
  const over = items.filter(({ state }) => state !== 'open');
  const close = () => {
    setShown(undefined);
    found.reload();
  };
  const invite = (
    <Button icon="plus" tone="primary" onClick={() => setShown('new')}>
      {ta('invite.button')}
    </Button>
  );
  return (
    <>
      {items.length === 0 ? (
        <EmptyState title={ta('invite.none')} icon="person" action={invite}>
          {ta('invite.noneText')}
        </EmptyState>
      ) : (
        <>
          <div class="admin-tools">
            <p class="fine">{ta('invite.about')}</p>
            {invite}
          </div>
          <Invited title={ta('invite.open')} items={open} onShow={setShown} reload={found.reload} />
          <Invited title={ta('invite.over')} items={over} onShow={setShown} reload={found.reload} />
        </>
      )}
      {shown === 'new' && <Invite onMade={setShown} onClose={close} />}
      {shown && shown !== 'new' && <Ready invitation={shown} onClose={close} />}
    </>
  );
}

interface InvitedProps {
  readonly title: string;
  readonly items: readonly Invitation[];
  readonly onShow: (invitation: Invitation) => void;
  readonly reload: () => void;
}

function Invited({ title, items, onShow, reload }: InvitedProps) {
  if (items.length === 0) return null;
  return (
    <Card title={title}>
      <ul class="plain-list">
        {items.map((invitation) => (
          <li key={invitation.invitationId} class="admin-line tall">
            <About invitation={invitation} />
            {invitation.state === 'open' && (
              <span class="line-actions">
                <Button tone="quiet" onClick={() => onShow(invitation)}>
                  {ta('invite.show')}
                </Button>
                <Button
                  tone="quiet"
                  onClick={() =>
                    doing(adminApi.revokeInvitation(invitation.invitationId), ta('invite.revoked'), reload)
                  }
                >
                  {ta('invite.revoke')}
                </Button>
              </span>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function About({ invitation }: { invitation: Invitation }) {
  const { state, note, roles, tier, users, usesMax, createdAtMs, createdBy, expiresAtMs } = invitation;
  const what = [...roles.map((role) => ta(`role.${role}`)), ta(`tier.${tier}`)];
  return (
    <div class="about-line">
      <p>
        <b>{note ?? list(what)}</b>{' '}
        <Mark tone={state === 'open' ? 'good' : 'plain'}>{ta(`inviteState.${state}`)}</Mark>
      </p>
      <small>
        {note && `${list(what)} · `}
        {ta('invite.used', { used: users.length, max: usesMax })}
        {users.length > 0 && ` (${list(users.map(({ username }) => username ?? ta('deleted')))})`}
        {` · ${ta('invite.by', { ago: ago(createdAtMs), by: createdBy ?? ta('deleted') })}`}
        {state === 'open' && ` · ${ta('invite.until', { until: moment(expiresAtMs) })}`}
      </small>
    </div>
  );
}

function Invite({ onMade, onClose }: { onMade: (made: Invitation) => void; onClose: () => void }) {
  const [tier, setTier] = useState<Tier>('premium');
  const [role, setRole] = useState<(typeof ROLES)[number]>('listener');
  const [uses, setUses] = useState<(typeof USES)[number]>('1');
  const [days, setDays] = useState<(typeof DAYS)[number]>('7');
  return (
    <FormDialog
      title={ta('invite.title')}
      text={ta('invite.about')}
      submit={ta('invite.make')}
      onClose={onClose}
      onSubmit={async (form) => {
        const note = textOf(form, 'note');
        const roles: Role[] = role === 'admin' ? ['listener', 'admin'] : ['listener'];
        onMade(
          await adminApi.invite({
            roles,
            tier,
            usesMax: Number(uses),
            ttlMs: Number(days) * DAY_MS,
            ...(note && { note }),
          }),
        );
      }}
    >
      <TextField
        label={ta('invite.note')}
        hint={ta('invite.noteHint')}
        name="note"
        maxLength={200}
        autocomplete="off"
      />
      <TierChoice tier={tier} onChoose={setTier} />
      <Select
        label={ta('invite.role')}
        value={role}
        options={ROLES.map((each) => [each, ta(`role.${each}`)] as const)}
        onChoose={setRole}
      />
      <Select
        label={ta('invite.uses')}
        value={uses}
        options={USES.map((each) => [each, each] as const)}
        onChoose={setUses}
      />
      <Select
        label={ta('invite.days')}
        value={days}
        options={DAYS.map((each) => [each, ta('invite.dayCount', { n: Number(each) })] as const)}
        onChoose={setDays}
      />
    </FormDialog>
  );
}

function Ready({
  invitation: { code = '', expiresAtMs },
  onClose,
}: {
  invitation: Invitation;
  onClose: () => void;
}) {
  const link = `${location.origin}/?${new URLSearchParams({ invite: code })}`;
  return (
    <Dialog title={ta('invite.readyTitle')} onClose={onClose}>
      <div class="admin-form">
        <p>{ta('invite.readyText', { until: moment(expiresAtMs) })}</p>
        <CopyField label={ta('invite.link')} value={link} />
        <CopyField label={ta('invite.code')} value={code} />
      </div>
    </Dialog>
  );
}
