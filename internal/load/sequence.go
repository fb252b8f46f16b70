package load

import "github.com/chillin-chat/chillin/internal/chat"

// sequence tracks the numbers of a room that one client has received. They must be consecutive.
type sequence struct {
	next   chat.Seq
	gaps   map[chat.Seq]bool // numbers below next that are missing
	twice  int
	behind int // received after a higher one
	// repeatable is the highest number that an event may repeat: that of a page that was read while events
	// arrived.
	repeatable chat.Seq
}

// startAt returns a sequence that begins after a number.
func startAt(known chat.Seq) sequence {
	return sequence{next: known + 1, gaps: map[chat.Seq]bool{}}
}

// add records the number of an event and reports whether it is new.
func (s *sequence) add(seq chat.Seq) bool {
	if seq >= s.next {
		s.advance(seq)
		return true
	}
	fresh := s.gaps[seq]
	switch {
	case fresh:
		delete(s.gaps, seq)
		s.behind++
	case seq > s.repeatable:
		s.twice++
	}
	return fresh
}

// fill records a number of a page that the client requested, and reports whether it is new. Pages may
// repeat numbers, and arrive after events with higher ones.
func (s *sequence) fill(seq chat.Seq) bool {
	if seq >= s.next {
		s.advance(seq)
		return true
	}
	fresh := s.gaps[seq]
	delete(s.gaps, seq)
	return fresh
}

// advance records a number that is higher than all before.
func (s *sequence) advance(seq chat.Seq) {
	for ; s.next < seq; s.next++ {
		s.gaps[s.next] = true
	}
	s.next++
}

// cursor returns the number up to which nothing is missing.
func (s *sequence) cursor() chat.Seq {
	first := s.next
	for seq := range s.gaps {
		first = min(first, seq)
	}
	return first - 1
}

// missing returns how many numbers up to the room's head are missing.
func (s *sequence) missing(head chat.Seq) int {
	return len(s.gaps) + int(max(0, head+1-s.next))
}
