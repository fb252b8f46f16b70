package service

import (
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestUploadPlaces(t *testing.T) {
	var places uploadPlaces
	for range uploadPlacesPerUser {
		if !places.claim(1, "a") {
			t.Fatal("claim = false below the limit of a user")
		}
	}
	if places.claim(1, "b") {
		t.Error("claim = true beyond the limit of a user")
	}
	for i := range uploadPlacesPerNetwork - uploadPlacesPerUser {
		if !places.claim(chat.UserID(100+i), "a") {
			t.Fatal("claim = false below the limit of a network")
		}
	}
	if places.claim(2, "a") {
		t.Error("claim = true beyond the limit of a network")
	}
	n := uploadPlacesPerNetwork
	for places.claim(chat.UserID(1000+n), "") {
		n++
	}
	if n != uploadPlacesAll {
		t.Errorf("places taken = %d, want %d", n, uploadPlacesAll)
	}
	if got := (&Service{uploads: uploadPlaces{all: n}}).UploadsRunning(); got != n || places.taken() != n {
		t.Errorf("running uploads = %d and %d, want %d", got, places.taken(), n)
	}
	places.release(1, "a")
	if !places.claim(2, "a") {
		t.Error("claim = false after a release")
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
		t.Errorf("places left = %+v, want none", places.perUser)
	}
}
