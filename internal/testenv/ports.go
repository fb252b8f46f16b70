package testenv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// freeAddr returns a loopback address that nobody listens at.
//
// It stays below the range from which the kernel takes ports for clients
// (32768 and up): a server that is down for a while must find its port free
// again, and a client that dials a dead port of that range may even reach
// itself.
func freeAddr() (string, error) {
	const low, high = 15000, 32000
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", low+rand.IntN(high-low))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		return addr, l.Close()
	}
	return "", errors.New("find a free port: none found")
}
