package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/wire"
)

// blockedDuringRead is a store in which the user blocks another one just after the blocks were
// read for the first frame.
type blockedDuringRead struct {
	chat.Blocks
	then func()
}

func (b blockedDuringRead) BlockedIDs(context.Context, chat.UserID) ([]chat.UserID, error) {
	b.then()
	return nil, nil
}

func TestEventsFollowTheFirstFrame(t *testing.T) {
	r := newTestHub(t)
	conns := make(chan *Conn, 1)
	client := r.dial(conns)
	c := <-conns
	c.token = r.tokenOf("alice")
	publish := func() {
		r.hub.Receive(wire.EncodeUserEvent(chat.BlockChanged{User: r.alice.User.ID, Other: 7, Blocked: true}))
	}
	c.service = &service.Service{Dependencies: service.Dependencies{
		Rooms: r.store, Blocks: blockedDuringRead{then: publish}, Presence: r.hub.presence,
		Settings: service.NewSettings(nil, nil, nil),
	}}
	c.hold()
	r.hub.add(c)
	publish()
	ended := make(chan struct{})
	go func() { defer close(ended); c.serve(context.Background()) }()
	var types []string
	for len(types) < 3 {
		_, frame, err := client.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.SplitSeq(frame, []byte{'\n'}) {
			var f struct{ Type string }
			if err := json.Unmarshal(line, &f); err != nil {
				t.Fatal(err)
			}
			types = append(types, f.Type)
		}
	}
	if want := []string{"connected", "block:updated", "block:updated"}; !slices.Equal(types, want) {
		t.Errorf("frames = %q, want %q", types, want)
	}
	_ = client.CloseNow()
	<-ended
}

func TestAConnectionThatEndsBeforeTheFirstFrameGetsNoEvents(t *testing.T) {
	r := newTestHub(t)
	conns := make(chan *Conn, 1)
	client := r.dial(conns)
	c := <-conns
	c.hold()
	c.sendEvent([]byte(`{}`))
	c.close(closeSessionEnded, "over")
	c.pushFirst([]byte(`{}`))
	if _, frame, err := client.Read(t.Context()); err == nil {
		t.Errorf("read %s, want the close", frame)
	}
	_ = client.CloseNow()
	c.endAndWait()
}
