package store

import (
	"io"
	"net"
	"net/url"
	"testing"
)

func TestOpenTriesAgainAfterASlowFirstConnection(t *testing.T) {
	t.Parallel()
	for slow, pool := range []string{"of reads", "of appends"} {
		t.Run(pool, func(t *testing.T) {
			t.Parallel()
			first := openTestPostgres(t)
			address, err := url.Parse(first.dialect.(*postgresDialect).pool.Config().ConnString())
			if err != nil {
				t.Fatal(err)
			}
			address.Host = silentOnce(t, address.Host, slow)
			s, err := OpenPostgres(t.Context(), address.String(), Options{})
			opened(t, s, err)
			if s.Epoch() != first.Epoch() {
				t.Errorf("epoch %s, want %s", s.Epoch(), first.Epoch())
			}
			if stats := s.Pools(); stats["appends"].OpenConnections == 0 {
				t.Errorf("pools = %+v, want an open connection for appends", stats)
			}
		})
	}
}

// silentOnce returns the address of a proxy that never answers one connection, counted from 0.
func silentOnce(t *testing.T, server string, silent int) string {
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
			if n == silent {
				defer client.Close() // otherwise the garbage collector closes it
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
