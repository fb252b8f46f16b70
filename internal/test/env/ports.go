package testenv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// reservations keeps the UDP sockets of freeAddr open until the process ends.
var reservations struct {
	sync.Mutex
	sockets []net.PacketConn
}

// freeAddr returns an unused loopback address. No other process gets it from freeAddr until this one ends:
// a server keeps its port while it is stopped. No server here uses UDP: the UDP port of the same number is
// the reservation.
//
// The port is below the range that the kernel uses for clients (32768 and up): otherwise the port of a
// stopped server could be used by a client, and a client that dials an unused port of that range may
// even connect to itself.
func freeAddr() (string, error) {
	const low, high = 15000, 32000
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", low+rand.IntN(high-low))
		reservation, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			_ = reservation.Close()
			continue
		}
		reservations.Lock()
		reservations.sockets = append(reservations.sockets, reservation)
		reservations.Unlock()
		return addr, l.Close()
	}
	return "", errors.New("find a free port: none found")
}
