import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { announce } from './notice.js';
import { useDashboard } from './dashboard.js';

/** The heading of a page. It names the browser's tab, and takes the focus when one comes from another page. */
export function Heading({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  const dashboard = useDashboard();
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    document.title = title === dashboard.title ? title : `${title} · ${dashboard.title}`;
    if (!dashboard.takeArrival()) return;
    scrollTo(0, 0);
    heading.current?.focus();
    announce(title);
  }, [title]);
  return (
    <h1 tabIndex={-1} ref={heading}>
      {title}
      {children}
    </h1>
  );
}
