import type { AuditEntry } from '../../protocol/types';

/** A part of a sentence: text, or the name of a user or room. */
export interface SentencePart {
  text: string;
  isName: boolean;
}

/** The sentence of each action, after the name of the actor. */
const sentences: Record<string, string> = {
  'room.change': 'changed {room}',
  'room.delete': 'deleted a room',
  'room.hand-over': 'transferred {room} to {user}',
  'member.role': 'changed the role of {user} in {room}',
  'member.kick': 'removed {user} from {room}',
  'member.ban': 'banned {user} from {room}',
  'member.unban': 'unbanned {user} in {room}',
  'member.mute': 'muted {user} in {room}',
  'member.unmute': 'unmuted {user} in {room}',
  'invite.create': 'created an invite to {room}',
  'invite.revoke': 'revoked an invite to {room}',
  'message.delete': 'deleted a message of {user} in {room}',
  'webhook.make': 'created a webhook in {room}',
  'webhook.delete': 'deleted a webhook in {room}',
  'user.role': 'changed the role of {user}',
  'user.disable': 'disabled the account of {user}',
  'user.enable': 'enabled the account of {user}',
  'user.password': 'reset the password of {user}',
  'limits.change': 'changed the limits',
  'settings.change': 'changed the settings of the server',
  'connection.close': 'closed a connection of {user}',
};

/** Returns the sentence of an entry. An action that this client does not know is displayed by its name. */
export function sentenceOf({ actor, action, user, room }: AuditEntry): SentencePart[] {
  const names: Record<string, string> = {
    '{actor}': actor ? nameOf(actor) || `Deleted user (${actor.id})` : 'The operator',
    '{user}': user ? nameOf(user) || `deleted user (${user.id})` : 'a user',
    '{room}': room?.name || (room ? `a deleted room (${room.id})` : 'a room'),
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
