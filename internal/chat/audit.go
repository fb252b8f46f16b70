package chat

// AuditAction names a deed of somebody who has power over others.
type AuditAction string

const (
	AuditRoomChanged    AuditAction = "room.change"    // Detail: which fields
	AuditRoomDeleted    AuditAction = "room.delete"    // Detail: its name
	AuditRoomHandedOver AuditAction = "room.hand-over" // to User
	AuditRoleSet        AuditAction = "member.role"    // Detail: from what to what
	AuditKicked         AuditAction = "member.kick"
	AuditBanned         AuditAction = "member.ban"
	AuditUnbanned       AuditAction = "member.unban"
	AuditMuted          AuditAction = "member.mute" // Detail: until when
	AuditUnmuted        AuditAction = "member.unmute"
	AuditInviteMade     AuditAction = "invite.create"  // Detail: its id
	AuditInviteRevoked  AuditAction = "invite.revoke"  // Detail: its id
	AuditMessageDeleted AuditAction = "message.delete" // of User; Detail: its id
	AuditWebhookMade    AuditAction = "webhook.make"   // Detail: which kind, its id and name or host
	AuditWebhookResumed AuditAction = "webhook.resume" // Detail: which kind, its id
	AuditWebhookDeleted AuditAction = "webhook.delete" // Detail: which kind, its id

	AuditServerRole    AuditAction = "user.role" // Detail: from what to what
	AuditDisabled      AuditAction = "user.disable"
	AuditEnabled       AuditAction = "user.enable"
	AuditPasswordReset AuditAction = "user.password"
	AuditLimitsSet     AuditAction = "limits.change"    // Detail: which, and to what
	AuditClosed        AuditAction = "connection.close" // of User; Detail: its id
)

// MaxAuditEntries is how many entries of one action are kept of one room: the newest.
const MaxAuditEntries = 1000

// AuditEntry is one deed as the log of deeds keeps it. The store writes it in the
// transaction of the deed: what is logged happened, and what happened is logged.
type AuditEntry struct {
	Actor  UserID // 0: the operator at the command line
	Action AuditAction
	Room   RoomID // 0: none
	User   UserID // upon whom; 0: nobody
	Detail string // for people; no secrets, no words of others
}

// AuditRecord is an entry as admins read it, with the names of today.
type AuditRecord struct {
	ID     int64       `json:"id"`
	At     Time        `json:"at" format:"date-time"`
	Actor  *Author     `json:"actor,omitempty" doc:"Missing: the operator at the command line. Names are empty where the user is gone."`
	Action AuditAction `json:"action" doc:"As room.delete or user.disable."`
	Room   *AuditRoom  `json:"room,omitempty"`
	User   *Author     `json:"user,omitempty" doc:"Upon whom."`
	Detail string      `json:"detail"`
}

// AuditRoom names a room in the log.
type AuditRoom struct {
	ID   RoomID `json:"id"`
	Name string `json:"name" doc:"Empty where the room is gone."`
}
