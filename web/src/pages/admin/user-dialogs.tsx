/** What is asked and told about one account. */
import { useState } from 'preact/hooks';
import type { ManagedUser, Role } from '../../../../actors/accounts/contract.ts';
import { adminApi } from '../../api/admin.ts';
import { toast } from '../../state/toasts.ts';
import { ta } from '../../texts/admin/texts.ts';
import { t } from '../../texts/texts.ts';
import { ago } from '../../ui/format.ts';
import { Button } from '../../ui/parts/button.tsx';
import { Dialog } from '../../ui/parts/dialog.tsx';
import { Select, TextField } from '../../ui/parts/fields.tsx';
import { Problem, Skeleton } from '../../ui/parts/states.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { moment } from './format.ts';
import { CopyField, doing, FormDialog, Mark, textOf } from './parts.tsx';

interface ResetCode {
  readonly resetCode: string;
  readonly expiresAtMs: number;
}

export type UserQuestion =
  | { readonly s: 'create' }
  | { readonly s: 'roles' | 'devices' | 'disable' | 'delete'; readonly user: ManagedUser }
  | { readonly s: 'code'; readonly user: ManagedUser; readonly code: ResetCode };

interface UserDialogProps {
  readonly question: UserQuestion;
  readonly onQuestion: (next: UserQuestion) => void;
  readonly onClose: () => void;
}

export function UserDialog({ question, onQuestion, onClose }: UserDialogProps) {
  switch (question.s) {
    case 'create':
      return <Create onMade={(user, code) => onQuestion({ s: 'code', user, code })} onClose={onClose} />;
    case 'roles':
      return <Roles user={question.user} onClose={onClose} />;
    case 'devices':
      return <Devices user={question.user} onClose={onClose} />;
    case 'code':
      return <Code user={question.user} code={question.code} onClose={onClose} />;
    case 'disable':
      return <Disable user={question.user} onClose={onClose} />;
    case 'delete':
      return <Delete user={question.user} onClose={onClose} />;
  }
}

interface OneUser {
  readonly user: ManagedUser;
  readonly onClose: () => void;
}

function Create({
  onMade,
  onClose,
}: {
  onMade: (user: ManagedUser, code: ResetCode) => void;
  onClose: () => void;
}) {
  const [tier, setTier] = useState<'free' | 'premium'>('premium');
  return (
    <FormDialog
      title={ta('users.create')}
      text={ta('users.createText')}
      submit={ta('users.make')}
      onClose={onClose}
      onSubmit={async (form) => {
        const displayName = textOf(form, 'displayName');
        const { user, ...code } = await adminApi.createUser({
          username: textOf(form, 'username'),
          ...(displayName && { displayName }),
          tier,
        });
        onMade(user, code);
      }}
    >
      <TextField
        label={ta('users.username')}
        name="username"
        required
        minLength={3}
        maxLength={32}
        autocomplete="off"
      />
      <TextField label={ta('users.displayName')} name="displayName" maxLength={100} autocomplete="off" />
      <TierChoice tier={tier} onChoose={setTier} />
    </FormDialog>
  );
}

const TIERS = ['free', 'premium'] as const;

export const TierChoice = ({
  tier,
  onChoose,
}: {
  tier: 'free' | 'premium';
  onChoose: (tier: 'free' | 'premium') => void;
}) => (
  <Select
    label={ta('users.tier')}
    value={tier}
    options={TIERS.map((each) => [each, ta(`tier.${each}`)] as const)}
    onChoose={onChoose}
  />
);

const ROLES: readonly Role[] = ['listener', 'artist', 'label', 'operator', 'admin'];

function Roles({ user: { userId, displayName, roles }, onClose }: OneUser) {
  return (
    <FormDialog
      title={ta('users.rolesOf', { name: displayName })}
      submit={t('action.save')}
      onClose={onClose}
      onSubmit={async (form) => {
        await adminApi.setRoles(
          userId,
          ROLES.filter((role) => form.has(role)),
        );
        toast(ta('users.saved'));
        onClose();
      }}
    >
      {ROLES.map((role) => (
        <label key={role} class="choice">
          <input type="checkbox" name={role} defaultChecked={roles.includes(role)} />
          <span>
            <b>{ta(`role.${role}`)}</b>
            <small>{ta(`roleText.${role}`)}</small>
          </span>
        </label>
      ))}
    </FormDialog>
  );
}

function Devices({ user: { userId, displayName }, onClose }: OneUser) {
  const found = useLoad(`admin:user:${userId}`, () => adminApi.user(userId), [], { keeps: false });
  return (
    <Dialog title={ta('users.devicesOf', { name: displayName })} onClose={onClose}>
      {found.s === 'failed' && <Problem text={found.text} retry={found.reload} />}
      {found.s === 'loading' && <Skeleton shape="rows" />}
      {found.s === 'ready' && found.value.devices.length === 0 && <p>{ta('users.noDevices')}</p>}
      {found.s === 'ready' && (
        <ul class="plain-list">
          {found.value.devices.map(({ deviceId, name, lastSeenAtMs, signedIn }) => (
            <li key={deviceId} class="admin-line">
              <span>
                <b>{name}</b> <small>{t('devices.seen', { ago: ago(lastSeenAtMs) })}</small>{' '}
                <Mark tone={signedIn ? 'good' : 'plain'}>
                  {ta(signedIn ? 'users.signedIn' : 'users.signedOut')}
                </Mark>
              </span>
              <Button
                tone="quiet"
                onClick={() =>
                  doing(adminApi.removeDevice(userId, deviceId), ta('users.saved'), found.reload)
                }
              >
                {t('action.remove')}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

function Code({ user: { username, displayName }, code, onClose }: OneUser & { code: ResetCode }) {
  const link = `${location.origin}/?${new URLSearchParams({ reset: code.resetCode, user: username })}`;
  return (
    <Dialog title={ta('users.codeTitle', { name: displayName })} onClose={onClose}>
      <div class="admin-form">
        <p>{ta('users.codeText', { name: displayName, until: moment(code.expiresAtMs) })}</p>
        <CopyField label={ta('users.codeLink')} value={link} />
        <CopyField label={ta('users.codeCode')} value={`${username}  ${code.resetCode}`} />
      </div>
    </Dialog>
  );
}

const Disable = ({ user: { userId, displayName: name }, onClose }: OneUser) => (
  <FormDialog
    title={ta('users.disableTitle', { name })}
    text={ta('users.disableText', { name })}
    submit={ta('users.disable')}
    tone="danger"
    onClose={onClose}
    onSubmit={async () => {
      await adminApi.setDisabled(userId, true);
      toast(ta('users.saved'));
      onClose();
    }}
  />
);

const Delete = ({ user: { userId, displayName: name }, onClose }: OneUser) => (
  <FormDialog
    title={ta('users.deleteTitle', { name })}
    text={ta('users.deleteText')}
    submit={ta('users.delete')}
    tone="danger"
    onClose={onClose}
    onSubmit={async () => {
      await adminApi.deleteUser(userId);
      toast(ta('users.gone'));
      onClose();
    }}
  />
);
