package chaos

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Link is a TCP proxy that can inject faults, between a node and an engine, or between clients and a
// node.
type Link struct {
	Addr   string
	target string
	listen net.Listener
	tasks  sync.WaitGroup

	mu             sync.Mutex
	pipes          map[*pipe]struct{}
	refuses        bool
	delay          time.Duration
	jitter         time.Duration
	stall          float64 // share of the chunks that are as late as if they had been lost once
	dropShare      float64 // share of the replies to COMMIT that are dropped
	keepConn       bool    // do not close the connection then
	droppedReplies int
}

// pipe is one connection through a link.
type pipe struct {
	link      *Link
	near, far net.Conn
	once      sync.Once
	dropped   chan struct{} // closed when data is silently dropped
	dropOnce  sync.Once
}

// NewLink opens a link to target (host:port).
func NewLink(target string) (*Link, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a link to %s: %w", target, err)
	}
	k := &Link{Addr: l.Addr().String(), target: target, listen: l, pipes: map[*pipe]struct{}{}}
	k.tasks.Go(k.accept)
	return k, nil
}

func (k *Link) accept() {
	for {
		near, err := k.listen.Accept()
		if err != nil {
			return
		}
		k.tasks.Go(func() { k.connect(near) })
	}
}

func (k *Link) connect(near net.Conn) {
	k.mu.Lock()
	refuses := k.refuses
	k.mu.Unlock()
	if refuses {
		reset(near)
		return
	}
	far, err := net.DialTimeout("tcp", k.target, time.Second)
	if err != nil {
		reset(near)
		return
	}
	p := &pipe{link: k, near: near, far: far, dropped: make(chan struct{})}
	k.mu.Lock()
	k.pipes[p] = struct{}{}
	if k.refuses { // since the check above
		p.cut()
	}
	k.mu.Unlock()
	p.run()
	k.mu.Lock()
	delete(k.pipes, p)
	k.mu.Unlock()
}

// reset closes c so that its peer receives a reset.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// chunk is the data of one read, and when it may be forwarded.
type chunk struct {
	data []byte
	due  time.Time
}

func (p *pipe) run() {
	var both sync.WaitGroup
	both.Go(func() { p.carry(p.near, p.far, false) })
	both.Go(func() { p.carry(p.far, p.near, true) })
	both.Wait()
}

func (p *pipe) cut() {
	p.once.Do(func() {
		reset(p.near)
		reset(p.far)
	})
}

// carry forwards data of from until it ends; then it ends the whole pipe.
func (p *pipe) carry(from, to net.Conn, reply bool) {
	late := make(chan chunk, 1024)
	var writer sync.WaitGroup
	writer.Go(func() { p.write(to, late) })
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if reply {
				lost, keep := p.link.dropsReply(buffer[:n])
				if lost && keep {
					continue
				}
				if lost {
					break
				}
			}
			late <- chunk{bytes.Clone(buffer[:n]), time.Now().Add(p.link.nextDelay())}
		}
		if err != nil {
			break
		}
	}
	close(late)
	writer.Wait()
	p.cut()
}

func (p *pipe) write(to net.Conn, late <-chan chunk) {
	broken := false
	for c := range late {
		if wait := time.Until(c.due); wait > 0 {
			time.Sleep(wait)
		}
		select {
		case <-p.dropped:
			continue // as if every packet was dropped, although the sender gets acknowledgments
		default:
		}
		if broken {
			continue
		}
		if _, err := to.Write(c.data); err != nil {
			broken = true
			p.cut()
		}
	}
}

// nextDelay returns the delay of the next chunk.
func (k *Link) nextDelay() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	late := k.delay
	if k.jitter > 0 {
		late += time.Duration(rand.Int64N(int64(2*k.jitter))) - k.jitter
	}
	if k.stall > 0 && rand.Float64() < k.stall {
		late += 200*time.Millisecond + k.delay // the shortest retransmission timeout of TCP
	}
	return late
}

// committed is Postgres's reply after a COMMIT.
var committed = []byte("COMMIT\x00")

// dropsReply reports whether data, which contains the reply to a COMMIT, is dropped, and whether the
// connection is kept: the commit has happened, but the node does not know.
func (k *Link) dropsReply(data []byte) (lost, keep bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dropShare == 0 || !bytes.Contains(data, committed) || rand.Float64() >= k.dropShare {
		return false, false
	}
	k.droppedReplies++
	return true, k.keepConn
}

// SetDelay delays all data by delay ± jitter, and a share of it as much as a lost packet.
func (k *Link) SetDelay(delay, jitter time.Duration, lost float64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.delay, k.jitter, k.stall = delay, jitter, lost
}

// DropCommitReplies drops a share of Postgres's replies to COMMIT. It also closes the connection unless
// keep is true.
func (k *Link) DropCommitReplies(share float64, keep bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropShare, k.keepConn = share, keep
}

// DroppedReplies returns how many replies to COMMIT were dropped so far.
func (k *Link) DroppedReplies() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.droppedReplies
}

// Blackhole makes the current connections silently drop all data. New connections are not affected.
func (k *Link) Blackhole() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	for p := range k.pipes {
		p.dropOnce.Do(func() { close(p.dropped) })
	}
	return len(k.pipes)
}

// Cut resets all connections. While refuse is true, it also resets new ones.
func (k *Link) Cut(refuse bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refuses = refuse
	for p := range k.pipes {
		p.cut()
	}
}

// Close closes the link and waits for its goroutines.
func (k *Link) Close() {
	_ = k.listen.Close()
	k.Cut(true)
	k.tasks.Wait()
}
