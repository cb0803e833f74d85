/** Prints what came of a soak, among what jest prints. */
export function tell(title: string, figures: object): void {
  const shown = Object.entries(figures).map(([name, figure]) => `${name} ${JSON.stringify(figure)}`);
  process.stderr.write(`\n${title}: ${shown.join(', ')}\n`);
}
