/** Returns the message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Cuts a message to the length of its column. NUL is left out, which PostgreSQL does not store. */
export function storableMessage(message: string, longest: number): string {
  return message.replaceAll('\0', '').slice(0, longest);
}
