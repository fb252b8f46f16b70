package load

import "github.com/chillin-chat/chillin/internal/chat"

// sequence tracks the numbers of a room that one client has received. They must be consecutive.
type sequence struct {
	next   chat.Seq
	gaps   map[chat.Seq]bool // numbers below next that are missing
	twice  int
	behind int // received after a higher one
}

// startAt returns a sequence that begins after a number.
func startAt(known chat.Seq) sequence {
	return sequence{next: known + 1, gaps: map[chat.Seq]bool{}}
}

// add records a number and reports whether it is new.
func (s *sequence) add(seq chat.Seq) bool {
	switch {
	case seq >= s.next:
		for ; s.next < seq; s.next++ {
			s.gaps[s.next] = true
		}
		s.next++
		return true
	case s.gaps[seq]:
		delete(s.gaps, seq)
		s.behind++
		return true
	}
	s.twice++
	return false
}

// missing returns how many numbers up to the room's head are missing.
func (s *sequence) missing(head chat.Seq) int {
	return len(s.gaps) + int(max(0, head+1-s.next))
}
