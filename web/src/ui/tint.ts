/** Colours taken from a cover; a page is tinted with them once they are known. */
import { useEffect, useState } from 'preact/hooks';

interface CoverColors {
  readonly background: string;
  readonly foreground: string;
}

const COLOR = /^#[0-9a-f]{6}$/;
const known = new Map<string, Promise<CoverColors | undefined>>();

function colorsOf(coverId: string): Promise<CoverColors | undefined> {
  const asked =
    known.get(coverId) ??
    fetch(`/c/${coverId}/colors.json`)
      .then(async (response) => {
        const colors = response.ok ? ((await response.json()) as Partial<CoverColors>) : {};
        const { background = '', foreground = '' } = colors;
        return COLOR.test(background) && COLOR.test(foreground) ? { background, foreground } : undefined;
      })
      .catch(() => {
        known.delete(coverId);
        return undefined;
      });
  known.set(coverId, asked);
  return asked;
}

/** The style that tints what it is put on; the page's own tint until the colours are there. */
export function useTint(coverId: string | undefined): Record<string, string> {
  const [found, setFound] = useState<{ coverId: string; colors: CoverColors | undefined }>();
  useEffect(() => {
    let wanted = true;
    if (coverId) void colorsOf(coverId).then((colors) => wanted && setFound({ coverId, colors }));
    return () => {
      wanted = false;
    };
  }, [coverId]);
  if (!found?.colors || found.coverId !== coverId) return {};
  return { '--tint': found.colors.background, '--tint-2': found.colors.foreground };
}
