package chat

// AuditAction names an action in the audit log.
type AuditAction string

// The actions. The comments name the content of AuditEntry.User and AuditEntry.Detail.
const (
	AuditRoomChanged    AuditAction = "room.change"    // Detail: the fields
	AuditRoomDeleted    AuditAction = "room.delete"    // Detail: its name
	AuditRoomHandedOver AuditAction = "room.hand-over" // to User
	AuditRoleSet        AuditAction = "member.role"    // Detail: the old and the new role
	AuditKicked         AuditAction = "member.kick"
	AuditBanned         AuditAction = "member.ban"
	AuditUnbanned       AuditAction = "member.unban"
	AuditMuted          AuditAction = "member.mute" // Detail: the end of the mute
	AuditUnmuted        AuditAction = "member.unmute"
	AuditInviteMade     AuditAction = "invite.create"  // Detail: its id
	AuditInviteRevoked  AuditAction = "invite.revoke"  // Detail: its id
	AuditMessageDeleted AuditAction = "message.delete" // of User; Detail: its id
	AuditWebhookMade    AuditAction = "webhook.make"   // Detail: its kind, id and name or host
	AuditWebhookResumed AuditAction = "webhook.resume" // Detail: its kind and id
	AuditWebhookDeleted AuditAction = "webhook.delete" // Detail: its kind and id

	AuditServerRole    AuditAction = "user.role" // Detail: the old and the new role
	AuditDisabled      AuditAction = "user.disable"
	AuditEnabled       AuditAction = "user.enable"
	AuditPasswordReset AuditAction = "user.password"
	AuditLimitsSet     AuditAction = "limits.change"    // Detail: names and new values
	AuditSettingsSet   AuditAction = "settings.change"  // Detail: names and new values
	AuditClosed        AuditAction = "connection.close" // of User; Detail: its id
)

// MaxAuditEntries is how many entries per action and room are kept: the newest.
const MaxAuditEntries = 1000

// AuditEntry is a new entry of the audit log. The store writes it in the transaction of the
// action, so that the log contains exactly the actions that were committed.
type AuditEntry struct {
	Actor  UserID // 0: the operator at the command line
	Action AuditAction
	Room   RoomID // 0: none
	User   UserID // the affected user; 0: none
	Detail string // for people; without secrets and text of other users
}

// AuditRecord is an entry as admins read it, with the present names.
type AuditRecord struct {
	ID     int64       `json:"id"`
	At     Time        `json:"at" format:"date-time"`
	Actor  *Author     `json:"actor,omitempty" doc:"Missing for the operator at the command line. The names are empty if the user has been deleted."`
	Action AuditAction `json:"action" doc:"For example room.delete or user.disable."`
	Room   *AuditRoom  `json:"room,omitempty"`
	User   *Author     `json:"user,omitempty" doc:"The affected user."`
	Detail string      `json:"detail"`
}

// AuditRoom names a room in the log.
type AuditRoom struct {
	ID   RoomID `json:"id"`
	Name string `json:"name" doc:"Empty if the room has been deleted."`
}
