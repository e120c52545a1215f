import type { ComponentChildren, ComponentProps } from 'preact';
import { Icon, type IconName } from '../icons.tsx';

interface ButtonProps extends Omit<ComponentProps<'button'>, 'icon' | 'class'> {
  readonly icon?: IconName;
  readonly tone?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly children: ComponentChildren;
}

export const Button = ({ icon, tone = 'plain', children, ...rest }: ButtonProps) => (
  <button type="button" class={`button ${tone}`} {...rest}>
    {icon && <Icon name={icon} size={18} />}
    {children}
  </button>
);

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'icon' | 'label' | 'children'> {
  readonly icon: IconName;
  /** Its name; also shown when the pointer rests on it. */
  readonly label: string;
  readonly on?: boolean;
  readonly size?: number;
  readonly children?: ComponentChildren;
}

export const IconButton = ({
  icon,
  label,
  on = false,
  size = 20,
  children,
  class: extra = '',
  ...rest
}: IconButtonProps) => (
  <button
    type="button"
    class={`icon-button ${on ? 'on' : ''} ${String(extra)}`}
    aria-label={label}
    title={label}
    {...rest}
  >
    <Icon name={icon} size={size} />
    {children}
  </button>
);
