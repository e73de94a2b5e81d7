/** Where somebody asks: in a conversation, or in one that is yet to begin. */
export interface Place {
  readonly user: string;
  readonly conversation: string | null;
  /** Nobody who signs in after somebody else in the same tab finds what that person typed. */
  readonly key: string;
}

export function placeOf(user: string, conversation: string | null): Place {
  return { user, conversation, key: `${user}/${conversation ?? "new"}` };
}
