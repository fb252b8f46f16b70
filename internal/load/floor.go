package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"
)

// floorTime is how much of the plan is replayed to measure the floor.
const floorTime = 5 * time.Second

// frameHeader is the size of a WebSocket header for 126 bytes or more.
const frameHeader = 4

// rawConns are plain loopback connections whose readers discard everything.
type rawConns struct {
	near, far []net.Conn
	readers   sync.WaitGroup
}

// measureFloor returns the CPU time of one write(2) of size bytes in a loop that does nothing else: to
// each member of a room, for every message of the plan. It is a lower bound for a server on this
// machine that writes each message separately.
func measureFloor(ctx context.Context, p plan, size int) (time.Duration, error) {
	b, err := newRawConns(ctx, p.clients)
	defer b.close()
	if err != nil {
		return 0, err
	}
	members := make([][]net.Conn, p.rooms)
	for i, c := range b.near {
		members[p.room(i)] = append(members[p.room(i)], c)
	}
	p.senders = p.senders[:min(len(p.senders), 1+int(floorTime/p.every))]
	frame := make([]byte, size+frameHeader)

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := threadCPU()
	if err != nil {
		return 0, err
	}
	writes, failed := 0, error(nil)
	p.follow(ctx, time.Now(), func(_, client int, _ time.Time) {
		for _, c := range members[p.room(client)] {
			_, err := c.Write(frame)
			failed = errors.Join(failed, err)
			writes++
		}
	})
	after, err := threadCPU()
	if err := errors.Join(failed, err, ctx.Err()); err != nil {
		return 0, err
	}
	return (after - before) / time.Duration(writes), nil
}

func newRawConns(ctx context.Context, n int) (*rawConns, error) {
	b := &rawConns{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return b, fmt.Errorf("listen: %w", err)
	}
	defer listener.Close()
	var dialer net.Dialer
	for range n {
		far, err := dialer.DialContext(ctx, "tcp", listener.Addr().String())
		if err != nil {
			return b, err
		}
		b.far = append(b.far, far)
		b.readers.Go(func() {
			buffer := make([]byte, 2<<10)
			for err := error(nil); err == nil; {
				_, err = far.Read(buffer)
			}
		})
		near, err := listener.Accept()
		if err != nil {
			return b, err
		}
		b.near = append(b.near, near)
	}
	return b, nil
}

func (b *rawConns) close() {
	for _, c := range b.near {
		c.Close()
	}
	for _, c := range b.far {
		c.Close()
	}
	b.readers.Wait()
}
