package chaos

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// probeNetworks is how many /24 networks the requests of a probe come from, so that ip_hash
	// distributes them over all nodes.
	probeNetworks = 30
	probeEvery    = 5 * time.Millisecond
	// slowRequest is shorter than nginx's connection timeout (proxy_connect_timeout).
	slowRequest = 450 * time.Millisecond
)

// Probe sends requests through nginx without any retries, four GETs and then a POST, and counts the
// results.
type Probe struct {
	url     string
	clients []*http.Client

	gets, getsAnswered   atomic.Int64
	posts, postsAnswered atomic.Int64
	slow                 atomic.Int64
	fault                atomic.Pointer[string] // the first one

	cancel   context.CancelFunc
	requests sync.WaitGroup
}

// StartProbe sends requests to url until Stop.
func StartProbe(ctx context.Context, url string) *Probe {
	ctx, cancel := context.WithCancel(ctx)
	p := &Probe{url: url, cancel: cancel}
	for network := range probeNetworks {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(network+1), 1)}}
		p.clients = append(p.clients, &http.Client{
			Timeout:   30 * time.Second,
			Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true},
		})
	}
	p.requests.Go(func() { p.run(ctx) })
	return p
}

func (p *Probe) run(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.requests.Go(func() { p.send(i) })
		}
	}
}

func (p *Probe) send(i int) {
	began := time.Now()
	client := p.clients[i%probeNetworks]
	var err error
	if i%5 == 4 {
		p.posts.Add(1)
		if err = answered(client.Post(p.url+"/api/v1/auth/logout", "application/json", nil)); err == nil {
			p.postsAnswered.Add(1)
		}
	} else {
		p.gets.Add(1)
		if err = answered(client.Get(p.url + "/health")); err == nil {
			p.getsAnswered.Add(1)
		}
	}
	if time.Since(began) > slowRequest {
		p.slow.Add(1)
	}
	if err != nil {
		text := err.Error()
		p.fault.CompareAndSwap(nil, &text)
	}
}

// answered returns an error unless a node has answered. An error response is an answer.
func answered(res *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("%s %s: %s", res.Request.Method, res.Request.URL.Path, res.Status)
	}
	return nil
}

// Stop waits for the responses to the sent requests.
func (p *Probe) Stop() {
	p.cancel()
	p.requests.Wait()
}

// Slow returns how many requests took longer than slowRequest.
func (p *Probe) Slow() int64 { return p.slow.Load() }

// AllAnswered reports whether there were GETs and all were answered. A POST that a node had begun to
// read when it stopped is not retried.
func (p *Probe) AllAnswered() bool {
	return p.gets.Load() > 0 && p.getsAnswered.Load() == p.gets.Load()
}

func (p *Probe) String() string {
	text := fmt.Sprintf("%d of %d GET and %d of %d POST answered, %d took over %s",
		p.getsAnswered.Load(), p.gets.Load(), p.postsAnswered.Load(), p.posts.Load(), p.slow.Load(), slowRequest)
	if fault := p.fault.Load(); fault != nil {
		text += "; the first error: " + *fault
	}
	return text
}
