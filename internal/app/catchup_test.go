package app_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// TestMemberOfManyRoomsCatchesUpOnAllDevices reconnects five devices of a member of 300 rooms at once.
// Each sends three requests per room; no limit may refuse any of them (G4).
func TestMemberOfManyRoomsCatchesUpOnAllDevices(t *testing.T) {
	const rooms, devices = 300, 5
	t.Parallel()
	d := clustered(t, nil)
	alice, bob := d.user("alice", 1), d.user("bob", 0)
	since := make(map[chat.RoomID]chat.Seq, rooms)
	missed := make(map[chat.RoomID]string, rooms)
	for i := range rooms {
		room := alice.room(fmt.Sprintf("Room %d", i), nil)
		if err := bob.JoinRoom(ctx(d.t), room.ID, ""); err != nil {
			d.t.Fatal(err)
		}
		since[room.ID] = alice.send(room.ID, "read").Seq
		missed[room.ID] = fmt.Sprintf("missed %d", i)
		alice.send(room.ID, missed[room.ID])
	}
	bob.Cut()

	var all sync.WaitGroup
	for n := range devices {
		device := newClient(d.nodes[0]) // as ip_hash has it: one node counts them all
		if err := device.Login(ctx(d.t), "bob", "correct horse"); err != nil {
			d.t.Fatal(err)
		}
		all.Go(func() {
			if err := catchUp(d.t, device, since, missed); err != nil {
				d.t.Errorf("device %d: %v", n, err)
			}
		})
	}
	all.Wait()
}

// catchUp joins every room from its known number, reads its changes and its history, and fails unless
// each contains the missed message.
func catchUp(t *testing.T, device *client.Client, since map[chat.RoomID]chat.Seq, missed map[chat.RoomID]string) error {
	socket, err := device.Dial(ctx(t))
	if err != nil {
		return err
	}
	defer socket.Cut()
	if len(socket.Hello.Rooms) != len(since) {
		return fmt.Errorf("connected with %d rooms, want %d", len(socket.Hello.Rooms), len(since))
	}
	for room, seq := range since {
		in := map[string]any{"roomId": room, "since": seq, "epoch": socket.Hello.Epoch}
		var joined wire.RoomJoined
		if err := socket.Do(ctx(t), "room:join", in, &joined); err != nil {
			return fmt.Errorf("room:join: %w", err)
		}
		var changes wire.RoomChanges
		if err := socket.Do(ctx(t), "room:changes", in, &changes); err != nil {
			return fmt.Errorf("room:changes: %w", err)
		}
		var page struct{ Messages []chat.Message }
		if err := device.Do(ctx(t), http.MethodGet, path("/rooms/%d/messages?after=%d", room, seq), nil, &page); err != nil {
			return err
		}
		for what, messages := range map[string][]chat.Message{"room:join": joined.Messages, "room:changes": changes.Messages, "history": page.Messages} {
			if len(messages) != 1 || messages[0].Text != missed[room] {
				return fmt.Errorf("%s of room %d since %d = %+v", what, room, seq, messages)
			}
		}
	}
	return nil
}
