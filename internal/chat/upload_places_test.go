package chat

import "testing"

func TestUploadPlaces(t *testing.T) {
	var places uploadPlaces
	for range uploadPlacesOfUser {
		if !places.take(1, "a") {
			t.Fatal("a user has too few places")
		}
	}
	if places.take(1, "b") {
		t.Error("a user took more places than are allowed")
	}
	for i := range uploadPlacesOfNetwork - uploadPlacesOfUser {
		if !places.take(UserID(100+i), "a") {
			t.Fatal("a network has too few places")
		}
	}
	if places.take(2, "a") {
		t.Error("a network took more places than are allowed")
	}
	n := uploadPlacesOfNetwork
	for places.take(UserID(1000+n), "") {
		n++
	}
	if n != uploadPlacesAll {
		t.Errorf("%d places taken, want %d", n, uploadPlacesAll)
	}
	if got := (&Service{uploads: uploadPlaces{all: n}}).UploadsRunning(); got != n || places.taken() != n {
		t.Errorf("%d and %d uploads run, want %d", got, places.taken(), n)
	}
	places.leave(1, "a")
	if !places.take(2, "a") {
		t.Error("a place that was left cannot be taken")
	}
	places.leave(2, "a")
	for range uploadPlacesOfUser - 1 {
		places.leave(1, "a")
	}
	for i := range uploadPlacesOfNetwork - uploadPlacesOfUser {
		places.leave(UserID(100+i), "a")
	}
	for i := uploadPlacesOfNetwork; i < n; i++ {
		places.leave(UserID(1000+i), "")
	}
	if places.all != 0 || len(places.ofUser)+len(places.ofNetwork) != 0 {
		t.Errorf("left behind: %+v", places.ofUser)
	}
}
