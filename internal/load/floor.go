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

// flooring is how long of the plan the floor follows.
const flooring = 5 * time.Second

// frameHeader is what a WebSocket puts before 126 bytes or more.
const frameHeader = 4

// bare are loopback connections with nothing on them: who reads throws it away.
type bare struct {
	near, far []net.Conn
	readers   sync.WaitGroup
}

// measureFloor returns the processor time of one write(2) of size bytes, done by a
// loop that has nothing else to do: to each member of a room, whenever the plan has
// a message for it. No server on this machine that writes each message by itself can
// take less.
func measureFloor(ctx context.Context, p plan, size int) (time.Duration, error) {
	b, err := newBare(ctx, p.clients)
	defer b.close()
	if err != nil {
		return 0, err
	}
	members := make([][]net.Conn, p.rooms)
	for i, c := range b.near {
		members[p.room(i)] = append(members[p.room(i)], c)
	}
	p.senders = p.senders[:min(len(p.senders), 1+int(flooring/p.every))]
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

func newBare(ctx context.Context, n int) (*bare, error) {
	b := &bare{}
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

func (b *bare) close() {
	for _, c := range b.near {
		c.Close()
	}
	for _, c := range b.far {
		c.Close()
	}
	b.readers.Wait()
}
