package wake

import "testing"

func TestSignalsBeforeAReceiveCountAsOne(t *testing.T) {
	s := NewSignal()
	s.Send()
	s.Send()
	<-s
	select {
	case <-s:
		t.Error("received two signals, want one")
	default:
	}
}
