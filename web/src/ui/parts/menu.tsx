/** One menu for the whole player: opened at a button or at a point, by mouse, key or a long press. */
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon, type IconName } from '../icons.tsx';

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  /** A place to go to, or something to do. */
  readonly href?: string;
  readonly act?: () => unknown;
  readonly disabled?: boolean;
  /** One of several that exclude each other. */
  readonly checked?: boolean;
  readonly danger?: boolean;
  /** The first of a new group. */
  readonly separated?: boolean;
}

interface OpenMenu {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly x: number;
  readonly y: number;
  readonly opener: HTMLElement | undefined;
}

const EDGE_PX = 8;
const open = signal<OpenMenu | undefined>(undefined);

/** Below a button, or above where there is no room. */
export function openMenuAt(opener: HTMLElement, label: string, items: readonly MenuItem[]): void {
  const box = opener.getBoundingClientRect();
  const isRtl = document.documentElement.dir === 'rtl';
  open.value = { label, items, opener, x: isRtl ? box.right : box.left, y: box.bottom + 4 };
}

export function closeMenu(): void {
  const { opener } = open.value ?? {};
  open.value = undefined;
  opener?.focus();
}

/** The menu of what is under the pointer, or of what has the focus when a key asked for it. */
function openMenuBy(event: MouseEvent, label: string, items: readonly MenuItem[]): void {
  event.preventDefault();
  const target = event.target as HTMLElement;
  const byKey = event.clientX === 0 && event.clientY === 0;
  if (byKey) openMenuAt(target, label, items);
  else {
    const opener = target.closest<HTMLElement>('button, a, [tabindex]') ?? undefined;
    open.value = { label, items, x: event.clientX, y: event.clientY, opener };
  }
}

const LONG_PRESS_MS = 500;
const HELD_STILL_PX = 10;

/** What an element that has a menu listens to. */
export interface MenuProps {
  readonly onContextMenu: (event: MouseEvent) => void;
  readonly onTouchStart: (event: TouchEvent) => void;
}

/** For the element that has the menu. Phones that send no `contextmenu` for a long press are listened to. */
export function menuOf(label: string, items: () => readonly MenuItem[]): MenuProps {
  return {
    onContextMenu: (event) => {
      if (!open.value) openMenuBy(event, label, items());
      else event.preventDefault();
    },
    onTouchStart: (event) => {
      const [touch] = event.touches;
      const held = event.currentTarget as HTMLElement;
      if (!touch) return;
      const { clientX: x, clientY: y } = touch;
      const stop = () => {
        clearTimeout(timer);
        for (const name of ['touchmove', 'touchend', 'touchcancel'] as const)
          held.removeEventListener(name, onTouch);
      };
      const onTouch = (later: TouchEvent) => {
        const [at] = later.touches;
        if (!at || Math.hypot(at.clientX - x, at.clientY - y) > HELD_STILL_PX) stop();
      };
      const timer = setTimeout(() => {
        stop();
        // The finger that lifts is no click on what is below it.
        held.addEventListener('click', swallow, { capture: true, once: true });
        setTimeout(() => held.removeEventListener('click', swallow, { capture: true }), LONG_PRESS_MS * 2);
        if (!open.value) open.value = { label, items: items(), x, y, opener: undefined };
      }, LONG_PRESS_MS);
      for (const name of ['touchmove', 'touchend', 'touchcancel'] as const)
        held.addEventListener(name, onTouch, { passive: true });
    },
  };
}

function swallow(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}

export const MenuHost = () => (open.value ? <Menu key={open.value.label} menu={open.value} /> : null);

function Menu({ menu }: { menu: OpenMenu }) {
  const root = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: '', atMs: 0 });

  useLayoutEffect(() => {
    const element = root.current;
    if (!element) return;
    element.showPopover();
    const { width, height } = element.getBoundingClientRect();
    const isRtl = document.documentElement.dir === 'rtl';
    const x = isRtl ? menu.x - width : menu.x;
    const openerTop = menu.opener?.getBoundingClientRect().top ?? menu.y;
    const below = menu.y + height + EDGE_PX <= innerHeight;
    const y = below ? menu.y : Math.min(openerTop, menu.y) - height - 4;
    element.style.left = `${Math.max(EDGE_PX, Math.min(x, innerWidth - width - EDGE_PX))}px`;
    element.style.top = `${Math.max(EDGE_PX, Math.min(y, innerHeight - height - EDGE_PX))}px`;
    choices()[0]?.focus();
  }, [menu]);

  useEffect(() => {
    const away = () => closeMenu();
    addEventListener('resize', away);
    return () => removeEventListener('resize', away);
  }, []);

  const choices = (): HTMLElement[] => [
    ...(root.current?.querySelectorAll<HTMLElement>('[role^=menuitem]:not([aria-disabled=true])') ?? []),
  ];

  function onKeyDown(event: KeyboardEvent): void {
    const all = choices();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const moves: Record<string, number> = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    };
    event.stopPropagation();
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      closeMenu();
    } else if (event.key in moves) {
      event.preventDefault();
      all[moves[event.key] ?? 0]?.focus();
    } else if (event.key.length === 1 && event.key !== ' ') {
      const nowMs = performance.now();
      const text = (nowMs - typed.current.atMs < 700 ? typed.current.text : '') + event.key.toLowerCase();
      typed.current = { text, atMs: nowMs };
      all.find((item) => item.textContent?.trim().toLowerCase().startsWith(text))?.focus();
    }
  }

  return (
    <div
      ref={root}
      class="menu"
      role="menu"
      tabIndex={-1}
      aria-label={menu.label}
      popover="auto"
      onKeyDown={onKeyDown}
      onToggle={(event) => {
        if (event.newState === 'closed' && open.value === menu) open.value = undefined;
      }}
    >
      {menu.items.map((item) => (
        <Choice key={item.label} item={item} />
      ))}
    </div>
  );
}

function Choice({
  item: { label, icon, href, act, disabled = false, checked, danger, separated },
}: {
  item: MenuItem;
}) {
  const common = {
    class: `menu-item ${danger ? 'danger' : ''} ${separated ? 'separated' : ''}`,
    tabIndex: -1,
    ...(disabled && { 'aria-disabled': true }),
  } as const;
  const inside = (
    <>
      {checked === undefined ? (
        icon && <Icon name={icon} size={18} />
      ) : (
        <span class="menu-check">{checked && <Icon name="check" size={16} />}</span>
      )}
      <span>{label}</span>
    </>
  );
  if (href && !disabled) {
    return (
      <a {...common} role="menuitem" href={href} onClick={() => closeMenu()}>
        {inside}
      </a>
    );
  }
  const choose = () => {
    if (disabled) return;
    closeMenu();
    act?.();
  };
  return checked === undefined ? (
    <button {...common} type="button" role="menuitem" onClick={choose}>
      {inside}
    </button>
  ) : (
    <button {...common} type="button" role="menuitemradio" aria-checked={checked} onClick={choose}>
      {inside}
    </button>
  );
}
