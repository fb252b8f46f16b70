package service

import (
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestUploadPlaces(t *testing.T) {
	var places uploadPlaces
	for range uploadPlacesPerUser {
		if !places.claim(1, "a") {
			t.Fatal("a user has too few places")
		}
	}
	if places.claim(1, "b") {
		t.Error("a user took more places than are allowed")
	}
	for i := range uploadPlacesPerNetwork - uploadPlacesPerUser {
		if !places.claim(chat.UserID(100+i), "a") {
			t.Fatal("a network has too few places")
		}
	}
	if places.claim(2, "a") {
		t.Error("a network took more places than are allowed")
	}
	n := uploadPlacesPerNetwork
	for places.claim(chat.UserID(1000+n), "") {
		n++
	}
	if n != uploadPlacesAll {
		t.Errorf("%d places taken, want %d", n, uploadPlacesAll)
	}
	if got := (&Service{uploads: uploadPlaces{all: n}}).UploadsRunning(); got != n || places.taken() != n {
		t.Errorf("%d and %d uploads run, want %d", got, places.taken(), n)
	}
	places.release(1, "a")
	if !places.claim(2, "a") {
		t.Error("a place that was left cannot be taken")
	}
	places.release(2, "a")
	for range uploadPlacesPerUser - 1 {
		places.release(1, "a")
	}
	for i := range uploadPlacesPerNetwork - uploadPlacesPerUser {
		places.release(chat.UserID(100+i), "a")
	}
	for i := uploadPlacesPerNetwork; i < n; i++ {
		places.release(chat.UserID(1000+i), "")
	}
	if places.all != 0 || len(places.perUser)+len(places.perNetwork) != 0 {
		t.Errorf("left behind: %+v", places.perUser)
	}
}
