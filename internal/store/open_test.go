package store

import (
	"io"
	"net"
	"net/url"
	"testing"
)

func TestOpenTriesAgainAfterASlowFirstConnection(t *testing.T) {
	first := openTestPostgres(t)
	address, err := url.Parse(first.dialect.(*postgresDialect).pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	address.Host = silentAtFirst(t, address.Host)
	s, err := OpenPostgres(t.Context(), address.String(), Options{})
	opened(t, s, err)
	if s.Epoch() != first.Epoch() {
		t.Errorf("epoch %s, want %s", s.Epoch(), first.Epoch())
	}
}

// silentAtFirst returns the address of a proxy that never answers its first connection.
func silentAtFirst(t *testing.T, server string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for n := 0; ; n++ {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			if n == 0 {
				continue
			}
			backend, err := net.Dial("tcp", server)
			if err != nil {
				t.Error(err)
				return
			}
			go func() { _, _ = io.Copy(backend, client); _ = backend.Close() }()
			go func() { _, _ = io.Copy(client, backend); _ = client.Close() }()
		}
	}()
	return listener.Addr().String()
}
