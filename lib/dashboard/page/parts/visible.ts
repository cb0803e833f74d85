import { useEffect, useState } from 'preact/hooks';

/** How far below the window something is, in pixels, when it begins to count as seen. */
const MARGIN = 200;

/** True once an element has been within the window, or nearly: what nobody scrolls to need not be asked for. */
export function useSeen(element: { readonly current: Element | null }): boolean {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (isSeen || element.current === null) return;
    const watching = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
      },
      { rootMargin: `${MARGIN}px` },
    );
    watching.observe(element.current);
    return () => {
      watching.disconnect();
    };
  }, [isSeen]);
  return isSeen;
}
