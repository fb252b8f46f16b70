package load

import "github.com/chillin-chat/chillin/internal/chat"

// sequence tracks the numbers of a room that one client has received. They must be consecutive.
type sequence struct {
	next   chat.Seq
	holes  map[chat.Seq]bool // numbers below next that are missing
	twice  int
	behind int // received after a higher one
}

// startAt returns a sequence that begins after a number.
func startAt(known chat.Seq) sequence {
	return sequence{next: known + 1, holes: map[chat.Seq]bool{}}
}

// take records a number and reports whether it is new.
func (s *sequence) take(seq chat.Seq) bool {
	switch {
	case seq >= s.next:
		for ; s.next < seq; s.next++ {
			s.holes[s.next] = true
		}
		s.next++
		return true
	case s.holes[seq]:
		delete(s.holes, seq)
		s.behind++
		return true
	}
	s.twice++
	return false
}

// missing returns how many numbers up to the room's head are missing.
func (s *sequence) missing(head chat.Seq) int {
	return len(s.holes) + int(max(0, head+1-s.next))
}
