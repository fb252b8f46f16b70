package store

// Queues returns the number of waiting callers of this node by queue: "appends" are
// messages to store, "changes" other changes of rooms, "searches", "name_searches" and "room_lists" are
// reads of which only a few run at the same time. It does not query the database.
func (s *Store) Queues() map[string]int {
	return map[string]int{
		"appends": s.queue.waiting(), "changes": s.rooms.waiting(),
		"searches": s.searches.waiting(), "name_searches": s.nameSearches.waiting(), "room_lists": s.lists.waiting(),
	}
}
