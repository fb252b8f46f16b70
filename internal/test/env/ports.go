package testenv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// freeAddr returns an unused loopback address.
//
// The port is below the range that the kernel uses for clients (32768 and up): otherwise the port of a
// stopped server could be used by a client, and a client that dials an unused port of that range may
// even connect to itself.
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
