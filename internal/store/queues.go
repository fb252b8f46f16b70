package store

// Queues returns how many callers of this node wait, by what for: "appends" are messages to
// be stored, "changes" other changes of rooms, "searches" and "room_lists" reads of which
// only a few may run at once. It asks no database.
func (s *Store) Queues() map[string]int {
	return map[string]int{
		"appends": s.queue.waiting(), "changes": s.rooms.waiting(),
		"searches": s.searches.waiting(), "room_lists": s.lists.waiting(),
	}
}
