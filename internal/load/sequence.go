package load

import "github.com/chillin-chat/chillin/internal/chat"

// sequence is how far one client has heard its room, whose numbers must come one
// after the other.
type sequence struct {
	next   chat.Seq
	holes  map[chat.Seq]bool // numbers below next that have not come
	twice  int
	behind int // came after a higher one
}

// startAt begins after a number.
func startAt(known chat.Seq) sequence {
	return sequence{next: known + 1, holes: map[chat.Seq]bool{}}
}

// take notes that a number came, and tells whether it came for the first time.
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

// missing is how many numbers up to the room's head have not come.
func (s *sequence) missing(head chat.Seq) int {
	return len(s.holes) + int(max(0, head+1-s.next))
}
