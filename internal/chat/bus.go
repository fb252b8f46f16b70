package chat

import "context"

// Bus carries events and notices between nodes. It is a hint that makes
// delivery fast; the store is the truth. Whatever the bus loses is found again
// by the hub through the heads of the rooms (see gateway).
type Bus interface {
	// Publish hands e to the sinks of every node that follows e.Room, as a rule
	// also of this one. It never blocks and reports nothing: what cannot be
	// queued or sent is counted and dropped.
	Publish(e Event)
	// Notify hands n to the sink of every node, this one included. Like Publish
	// it never blocks.
	Notify(n Notice)
	// Ask hands n to the sink of every node as Notify does, but at once, and returns
	// how many nodes hear it. UNAVAILABLE where that cannot be known.
	Ask(ctx context.Context, n Notice) (nodes int, err error)
	// Follow begins to receive the events of room. It returns when the
	// subscription is in force, so that a read of the store that starts after it
	// misses nothing; when that cannot be had (the bus is suspect, ctx ends) it
	// returns all the same and Missed is told later. Following twice is once.
	Follow(ctx context.Context, room RoomID)
	// Unfollow ends what Follow began. The bus may linger before it unsubscribes.
	Unfollow(room RoomID)
	// Run receives and sends until ctx ends, and calls sink from one goroutine at
	// a time. It is called once.
	Run(ctx context.Context, sink Sink) error
	// Suspect tells whether events may be getting lost at this moment.
	Suspect() bool
}

// Sink receives what comes over the bus. Its methods must not block.
type Sink interface {
	// Event receives one event, in any order, perhaps twice. A durable event
	// whose Frame is nil was too large to travel: its Seq alone is news.
	Event(e Event)
	Notice(n Notice)
	// Missed tells that events of any followed room may have been lost until
	// now: the heads should be read.
	Missed()
}
