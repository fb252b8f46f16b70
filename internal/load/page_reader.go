package load

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

// pageSize is the number of messages that the web client requests at once.
const pageSize = 50

// pageReaders read pages of history over REST and check them.
type pageReaders struct {
	run            *run
	heads          map[*room]chat.Seq
	newest, random histogram

	mu            sync.Mutex
	refused       map[string]int
	failed, wrong int
}

// newPageReaders returns readers of the rooms, in which nothing is sent any more.
func newPageReaders(r *run) *pageReaders {
	return &pageReaders{run: r, heads: r.heads(), refused: map[string]int{}}
}

// readAll reads the planned number of pages, each at its time, and waits for the responses. The clients
// read in turn.
func (p *pageReaders) readAll(ctx context.Context) {
	r := p.run
	random := rand.New(rand.NewPCG(r.Seed, 1))
	var group errgroup.Group
	group.SetLimit(maxRequests) // a page that waits for a free place is late, which its latency shows
	atIntervals(ctx, time.Now(), interval(r.Rate), r.planned(), func(k int, due time.Time) {
		c := r.conns[k/2%len(r.conns)]
		before, latency := chat.Seq(0), &p.newest
		if k%2 == 1 {
			before, latency = p.position(random, c.room), &p.random
		}
		group.Go(func() error {
			p.read(ctx, c, before, due, latency)
			return nil
		})
	})
	_ = group.Wait() // no function returns an error
}

// position returns a random number before which the room has a whole page.
func (p *pageReaders) position(random *rand.Rand, in *room) chat.Seq {
	return pageSize + 1 + chat.Seq(random.Int64N(max(1, int64(p.heads[in])-pageSize+1)))
}

// read reads the page before a number, or the newest page if that is 0.
func (p *pageReaders) read(ctx context.Context, c *conn, before chat.Seq, due time.Time, latency *histogram) {
	body, err := p.fetch(ctx, c, pagePath(c.room.id, before))
	waited := time.Since(due) // without the time to decode
	if err == nil {
		var page struct {
			Messages []struct {
				Seq chat.Seq `json:"seq"`
			} `json:"messages"`
		}
		err = json.Unmarshal(body, &page)
		numbers := make([]chat.Seq, len(page.Messages))
		for i, m := range page.Messages {
			numbers[i] = m.Seq
		}
		if err == nil {
			latency.add(waited)
			p.count(checkPage(numbers, before, p.heads[c.room]))
			return
		}
	}
	if ctx.Err() == nil {
		p.countFailure(err)
	}
}

func (p *pageReaders) fetch(ctx context.Context, c *conn, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.url(), "/")+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.user.Token)
	response, err := p.run.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		refusal := &client.Error{}
		if json.Unmarshal(body, refusal) != nil {
			refusal.Detail = string(body)
		}
		refusal.Status = response.StatusCode
		return nil, refusal
	}
	return body, nil
}

func (p *pageReaders) count(right bool) {
	if !right {
		p.mu.Lock()
		p.wrong++
		p.mu.Unlock()
	}
}

func (p *pageReaders) countFailure(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, refused := errors.AsType[*client.Error](err); refused {
		p.refused[reason(e)]++
		return
	}
	if p.failed++; p.failed == 1 {
		p.run.progress("a page could not be read: %v", err)
	}
}
