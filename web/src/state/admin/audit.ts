import type { AuditEntry } from '../../protocol/types';

/** A piece of a sentence: words, or the name of whom or what they are about. */
export interface SentencePart {
  text: string;
  isName: boolean;
}

/** After the name of who did it. */
const sentences: Record<string, string> = {
  'room.change': 'changed {room}',
  'room.delete': 'deleted a room',
  'room.hand-over': 'handed {room} over to {user}',
  'member.role': 'gave {user} another role in {room}',
  'member.kick': 'removed {user} from {room}',
  'member.ban': 'banned {user} from {room}',
  'member.unban': 'lifted the ban of {user} in {room}',
  'member.mute': 'muted {user} in {room}',
  'member.unmute': 'let {user} speak again in {room}',
  'invite.create': 'made an invite to {room}',
  'invite.revoke': 'took back an invite to {room}',
  'message.delete': 'deleted a message of {user} in {room}',
  'webhook.make': 'made a webhook in {room}',
  'webhook.delete': 'deleted a webhook in {room}',
  'user.role': 'gave {user} another role',
  'user.disable': 'locked {user} out',
  'user.enable': 'let {user} in again',
  'user.password': 'gave {user} a new password',
  'limits.change': 'changed the limits',
  'connection.close': 'closed a connection of {user}',
};

/** The sentence of an entry; an action that is new to this client is told as it is called. */
export function sentenceOf({ actor, action, user, room }: AuditEntry): SentencePart[] {
  const names: Record<string, string> = {
    '{actor}': actor ? nameOf(actor) || `Somebody who is gone (${actor.id})` : 'The operator',
    '{user}': user ? nameOf(user) || `somebody who is gone (${user.id})` : 'somebody',
    '{room}': room?.name || (room ? `a room that is gone (${room.id})` : 'a room'),
  };
  const sentence = `{actor} ${sentences[action] ?? unknownAction(action, user !== undefined, room !== undefined)}`;
  return sentence
    .split(/(\{\w+\})/)
    .filter(Boolean)
    .map((part) => ({ text: names[part] ?? part, isName: part in names }));
}

function unknownAction(action: string, user: boolean, room: boolean): string {
  return `${action}${user ? ' {user}' : ''}${room ? ' {room}' : ''}`;
}

function nameOf({ username, displayName }: { username: string; displayName: string }): string {
  return displayName || username;
}
