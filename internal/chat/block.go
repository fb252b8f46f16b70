package chat

import "context"

// MaxBlocks is how many users one user may block.
const MaxBlocks = 1000

// Blocks is the store of the users that users have blocked.
type Blocks interface {
	// Block records that by has blocked user, and reports whether that is new. No message in
	// the direct room of the two is committed after it returns. It returns NOT_FOUND if user
	// is unknown or deleted, or FORBIDDEN if by has blocked MaxBlocks users.
	Block(ctx context.Context, by, user UserID) (changed bool, err error)
	// Unblock ends a block and reports whether there was one.
	Unblock(ctx context.Context, by, user UserID) (changed bool, err error)
	// Blocked returns the users that by has blocked, by username.
	Blocked(ctx context.Context, by UserID) ([]User, error)
	// BlockedIDs returns the ids of the users that by has blocked, ascending.
	BlockedIDs(ctx context.Context, by UserID) ([]UserID, error)
	// BlockIn returns whether a member of a direct room may write to the other one.
	BlockIn(ctx context.Context, room RoomID, member UserID) (DirectBlock, error)
}

// DirectBlock says which of the two users of a direct room has blocked the other one, as one
// of them, the member, sees it.
type DirectBlock int

const (
	NoBlock DirectBlock = iota
	BlockedByOther
	BlockedByMember // and perhaps by the other one, too
)

// Check returns FORBIDDEN if the member may not write in the direct room.
func (b DirectBlock) Check() error {
	switch b {
	case BlockedByMember:
		return Errorf(Forbidden, youHaveBlocked)
	case BlockedByOther:
		return Errorf(Forbidden, "You cannot send messages in this conversation.")
	}
	return nil
}

// CheckOpen returns NOT_FOUND if the member may not open the direct room. For a member that
// was blocked it is the error for unknown users.
func (b DirectBlock) CheckOpen() error {
	switch b {
	case BlockedByMember:
		return Errorf(NotFound, youHaveBlocked)
	case BlockedByOther:
		return ErrNotFound()
	}
	return nil
}

const youHaveBlocked = "You have blocked this person."
