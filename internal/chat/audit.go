package chat

// AuditAction names a deed of somebody who has power over others.
type AuditAction string

const (
	AuditRoomChanged    AuditAction = "room.change"    // Detail: which fields
	AuditRoomDeleted    AuditAction = "room.delete"    // Detail: its name
	AuditRoomHandedOver AuditAction = "room.hand-over" // to User
	AuditRoleSet        AuditAction = "member.role"    // Detail: from what to what
	AuditKicked         AuditAction = "member.kick"
	AuditMessageDeleted AuditAction = "message.delete" // of User; Detail: its id
)

// AuditEntry is one deed as the log of deeds keeps it. The store writes it in the
// transaction of the deed: what is logged happened, and what happened is logged.
type AuditEntry struct {
	Actor  UserID // 0: the operator at the command line
	Action AuditAction
	Room   RoomID // 0: none
	User   UserID // upon whom; 0: nobody
	Detail string // for people; no secrets, no words of others
}
