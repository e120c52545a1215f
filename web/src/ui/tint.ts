/** Colours taken from a cover; a page is tinted with them once they are known. */
import { useEffect, useState } from 'preact/hooks';

/** Made so that text is readable on them; see media/covers. */
interface Palette {
  readonly background: string;
  readonly accent: string;
}
interface CoverColors {
  readonly light: Palette;
  readonly dark: Palette;
}

const COLOR = /^#[0-9a-f]{6}$/;
const isPalette = ({ background, accent }: Palette): boolean => COLOR.test(background) && COLOR.test(accent);

const known = new Map<string, Promise<CoverColors | undefined>>();

function colorsOf(coverId: string): Promise<CoverColors | undefined> {
  const asked =
    known.get(coverId) ??
    fetch(`/c/${coverId}/colors.json`)
      .then(async (response) => {
        const { light, dark } = (response.ok ? await response.json() : {}) as Partial<CoverColors>;
        return light && dark && isPalette(light) && isPalette(dark) ? { light, dark } : undefined;
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
  const { light, dark } = found.colors;
  const pale = `color-mix(in oklab, ${light.accent} 24%, ${light.background})`;
  return { '--tint': `light-dark(${pale}, ${dark.background})`, '--glow': dark.background };
}
