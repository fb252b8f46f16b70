package load

import (
	"net"
	"testing"
)

func TestConnectionsUseTheSourcesInTurn(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	s := newSources([]string{"127.0.0.2", "127.0.0.3"})
	got := map[string]int{}
	for range 6 {
		conn, err := s.dial(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		got[conn.LocalAddr().(*net.TCPAddr).IP.String()]++
	}
	if got["127.0.0.2"] != 3 || got["127.0.0.3"] != 3 {
		t.Errorf("connections by source = %v, want 3 from each", got)
	}
}
